// From sums over samples to beta, se and p: the algebra of docs/statistics.md, in float64.
#pragma once

#include "igwas/cholesky.hpp"
#include "igwas/genotype_batch.hpp"
#include "igwas/scan_model.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace igwas {

/// Everything about one variant and one mask that is not about a single phenotype.
struct MaskStatistics {
  std::int32_t n = 0;
  std::int32_t missing_count = 0;
  double effect_allele_frequency = 0;
  double minor_allele_count = 0;
  double genotype_sum_of_squares = 0;
  std::int32_t degrees_of_freedom = 0;
  Reason reason = Reason::tested;
  double omnibus_f = 0;
  double omnibus_log10p = 0;
};

/// Sums of one variant over the columns of the model, code units.
struct VariantSums {
  CodeSums code;
  double const* called = nullptr;   ///< (columns)
  double const* missing = nullptr;  ///< (columns)
  double scale = 1;                 ///< allele copies of one code unit
  double haploid_share = 0.5;       ///< alleles of a haploid sample per diploid copy
  bool is_flipped = false;
  std::span<std::uint32_t const> missing_samples;  ///< of the mask; needed for MissingCalls::drop
};

/// Tests one variant against the phenotypes of one mask. One object for each thread: it owns
/// scratch memory.
class VariantTest {
 public:
  VariantTest(ScanModel const& model, std::size_t mask, MissingCalls missing,
              VariantFilters const& filters);

  /// `beta`, `se` : (n_phenotypes) filled with NaN where not tested.
  [[nodiscard]] MaskStatistics operator()(VariantSums const& sums, std::span<double> beta,
                                          std::span<double> se);

 private:
  struct Regression {
    double genotype = 0;                 ///< S, code units
    std::span<double const> product;     ///< u (responses), code units
    std::span<double const> phenotypes;  ///< residual sums of squares (responses)
    std::size_t rank = 0;                ///< of the covariates
    std::size_t n = 0;
    std::size_t n_dropped = 0;  ///< samples left out because their call is missing
  };

  [[nodiscard]] Reason filter(VariantSums const& sums, MaskStatistics const& counts) const;
  [[nodiscard]] Regression with_mean(VariantSums const& sums);
  [[nodiscard]] Regression without_missing(VariantSums const& sums);
  void gather_missing(std::span<std::uint32_t const> samples);
  void omnibus(Regression const& fit, MaskStatistics& out);
  void omnibus_gram_without_missing(std::size_t n_missing);

  ScanModel const& model_;
  MaskGroup const& group_;
  MissingCalls missing_;
  VariantFilters filters_;
  Cholesky omnibus_factor_;  ///< of the full sample
  Cholesky dropped_factor_;  ///< of the samples with a call
  Cholesky basis_factor_;
  std::vector<double> basis_floor_;
  std::vector<double> omnibus_floor_;
  std::vector<double> product_;
  std::vector<double> sum_of_squares_;
  std::vector<double> basis_product_;
  std::vector<double> missing_cross_;  ///< (responses, rank) L^-1 Q_M' R_M, one row a response
  std::vector<double> missing_rows_;   ///< (responses, missing) R_M transposed
  std::vector<double> gram_;
  std::vector<double> scratch_;
};

}  // namespace igwas
