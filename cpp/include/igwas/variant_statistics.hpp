// From sums over samples to beta, se and p: the algebra of docs/statistics.md, in float64.
#pragma once

#include "igwas/cholesky.hpp"
#include "igwas/device_tests.hpp"
#include "igwas/dropped_fit.hpp"
#include "igwas/genotype_batch.hpp"
#include "igwas/scan_model.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
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
  /// Share of the genotype's sum of squares that covariates leave; NaN where it was not needed.
  double unexplained_share = 0;
  /// Some phenotype's residual is a small share of the phenotype: rounded sums do not do for it.
  bool is_small_difference = false;
  /// False where it is known that no phenotype reaches the smallest statistic of a hit.
  bool may_hit = true;
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
  double least_square = 0;                         ///< least_square_of() the kind of the genotypes
  double least_share = 0;                          ///< least_share_of() the same
  bool in_float64 = false;  ///< S is a small difference of these sums: nothing may be in float32
};

/// Rows of beta and se, one a variant, `stride` apart; filled with NaN where not tested.
struct Coefficients {
  double* beta = nullptr;
  double* se = nullptr;
  std::size_t stride = 0;
};

/// Tests variants against the phenotypes of one mask. One object for each thread: it owns scratch
/// memory. What it finds of a variant does not depend on the others that are tested with it.
class VariantTest {
 public:
  /// Variants whose omnibus tests are solved together.
  static constexpr std::size_t at_once = Cholesky::lanes;

  /// \param coarse the columns of `model` in 16 bits: samples without a call are then left out the
  /// fast way; null: from the start, in float64.
  VariantTest(ScanModel const& model, std::size_t mask, MissingCalls missing,
              VariantFilters const& filters, CoarseColumns const* coarse = nullptr);

  /// Fill `out` and the rows of `to` for as many variants as there are sums, at most at_once.
  void operator()(std::span<VariantSums const> sums, std::span<MaskStatistics> out,
                  Coefficients to);

  /// The same for one variant that a device fitted, with MissingCalls::mean: what is left to do.
  ///
  /// \param sums only counts are read.
  /// \param beta, se (phenotypes) as the device left them; NaN afterwards where there is no test.
  [[nodiscard]] MaskStatistics conclude(VariantSums const& sums, DeviceFit const& fit, double* beta,
                                        double* se) const;

 private:
  /// S in code units, and what it was fitted on.
  struct GenotypeFit {
    double genotype;
    std::size_t n;
    std::size_t rank;
  };

  struct Regression {
    double genotype = 0;                 ///< S, code units
    std::span<double const> product;     ///< u (responses), code units
    std::span<double const> phenotypes;  ///< residual sums of squares (responses)
    std::size_t rank = 0;                ///< of the covariates
    std::size_t n = 0;
    std::size_t n_dropped = 0;  ///< samples left out because their call is missing
    /// u'A^-1 u of the omnibus test where it is known already; else NaN.
    double omnibus = std::numeric_limits<double>::quiet_NaN();
  };

  /// All but the omnibus test, which is left to solve_omnibus() for the variant in `lane`.
  [[nodiscard]] MaskStatistics regress(VariantSums const& sums, std::size_t lane, double* beta,
                                       double* se);
  [[nodiscard]] MaskStatistics count(VariantSums const& sums) const;
  [[nodiscard]] bool judge_genotype(VariantSums const& sums, GenotypeFit const& fit,
                                    MaskStatistics& out) const;
  [[nodiscard]] double omnibus_dof(std::size_t n, std::size_t n_covariates) const noexcept;
  [[nodiscard]] Reason filter(VariantSums const& sums, MaskStatistics const& counts) const;
  [[nodiscard]] Regression with_mean(VariantSums const& sums);
  [[nodiscard]] Regression without_missing(VariantSums const& sums);
  [[nodiscard]] std::optional<Regression> corrected(VariantSums const& sums);
  void gather_missing(std::span<std::uint32_t const> samples);
  void queue_omnibus(Regression const& fit, std::size_t lane);
  void solve_omnibus(std::span<MaskStatistics> out);
  void omnibus_without_missing(Regression const& fit, MaskStatistics& out);
  void omnibus_gram_without_missing(std::size_t n_missing);

  ScanModel const& model_;
  MaskGroup const& group_;
  MissingCalls missing_;
  VariantFilters filters_;
  Cholesky omnibus_factor_;  ///< of the full sample
  Cholesky dropped_factor_;  ///< of the samples with a call
  Cholesky basis_factor_;
  std::optional<DroppedFit> dropped_;
  std::vector<double> basis_floor_;
  std::vector<double> omnibus_floor_;
  std::vector<double> product_;
  std::vector<double> sum_of_squares_;
  std::vector<double> basis_product_;
  std::vector<double> missing_cross_;  ///< (responses, rank) L^-1 Q_M' R_M, one row a response
  std::vector<double> missing_rows_;   ///< (responses, missing) R_M transposed
  std::vector<double> gram_;
  std::vector<double> scratch_;
  std::vector<double> omnibus_product_;  ///< (omnibus responses, at_once)
  /// Of the variants in the lanes: S, and degrees of freedom left after an omnibus test; 0: none.
  std::array<double, at_once> omnibus_genotype_;
  std::array<double, at_once> omnibus_dof_;
};

}  // namespace igwas
