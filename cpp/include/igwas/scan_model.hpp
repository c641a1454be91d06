// What a scan regresses: residualised phenotypes and covariate bases, side by side in one matrix.
#pragma once

#include "igwas/matrix_view.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace igwas {

/// Columns are padded to a multiple of this many doubles (one cache line).
inline constexpr std::size_t column_multiple = 8;

/// Phenotypes that share one missingness pattern, with the covariate basis of their samples.
///
/// In ScanModel::columns they occupy [responses_begin, responses_begin + n_responses) and
/// [basis_begin, basis_begin + n_basis), with zeros at samples outside the mask.
struct MaskGroup {
  std::size_t responses_begin = 0;
  std::size_t n_responses = 0;   ///< phenotypes, then columns only the omnibus uses
  std::size_t n_phenotypes = 0;  ///< leading responses that are reported
  std::size_t basis_begin = 0;
  std::size_t n_basis = 0;                  ///< covariates, intercept included
  std::vector<std::int64_t> output_column;  ///< (n_phenotypes) column of beta in the output
  std::vector<double> sum_of_squares;       ///< (n_responses) of the residualised response
  std::vector<std::uint8_t> is_member;      ///< (samples)
  /// Responses of the omnibus test, linearly independent; empty: no omnibus test.
  std::vector<std::size_t> omnibus_response;
  std::vector<double> omnibus_gram;  ///< (n_omnibus, n_omnibus) their cross-products
};

struct ScanModel {
  MatrixView<double const> columns;     ///< (samples, columns), columns % column_multiple == 0
  std::vector<std::int64_t> file_rows;  ///< (samples) ascending place in the genotype file
  std::vector<std::uint8_t> is_male;    ///< (samples)
  std::vector<MaskGroup> masks;

  [[nodiscard]] std::size_t n_samples() const noexcept { return columns.rows; }
};

/// Which samples carry one copy of the chromosome; het calls of those are not believed.
enum class Haploid : std::uint8_t { nobody = 0, males = 1, everybody = 2 };

enum class MissingCalls : std::uint8_t { mean = 0, drop = 1 };

/// Variants failing one of these get a reason instead of a test.
struct VariantFilters {
  double min_minor_allele_count = 0;
  double min_minor_allele_frequency = 0;
  double max_missing_rate = 1;
  /// Infinite: not tested.
  double max_hardy_weinberg_log10p = std::numeric_limits<double>::infinity();
};

/// Why a variant was not tested; the numbers are those of REASONS in schema.py.
enum class Reason : std::uint8_t {
  tested = 0,
  constant = 1,
  all_missing = 2,
  minor_allele_count = 3,
  minor_allele_frequency = 4,
  missing_rate = 5,
  hardy_weinberg = 6,
  information = 7,
  collinear = 8,
  too_few_samples = 9,
  no_samples = 10,
};

}  // namespace igwas
