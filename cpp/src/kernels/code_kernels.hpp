// The inner loops of the product of dosages in two bytes: one declaration, one table for each
// instruction set.
//
// A code is 0 to 65534 for 0 to 2 copies, 65535 for missing. Where most are fractions its two bytes
// are summed like two rows of dosages in bytes (DosageKernels::multiply_dense).
//
// Plain pointers only, as in fixed_kernels.hpp.
#pragma once

#include "dosage_kernels.hpp"

#include <cstddef>
#include <cstdint>

namespace igwas::kernels {

constexpr std::uint16_t two_copies_wide_code = 65534;
constexpr std::uint16_t missing_wide_code = 65535;

/// Rows that are added in float64 before the sums are carried to integers: whole numbers below 2^53
/// are exact, in any order. A limb is at most 2^20.
constexpr std::size_t exact_rows = std::size_t{1} << 17;
static_assert(std::int64_t{two_copies_wide_code} * (1 << 20) * std::int64_t{exact_rows} <
              (std::int64_t{1} << 53));

/// Samples by their codes, those past the last sample included.
struct CodeCounts {
  std::size_t n_none = 0;
  std::size_t n_two = 0;
  std::size_t n_missing = 0;
  std::uint64_t sum = 0;  ///< of codes that are not missing
};

using WideSums = CalledSums<std::uint16_t>;

struct CodeKernels {
  /// n_words x 32 codes.
  CodeCounts (*count)(std::uint16_t const* codes, std::size_t n_words);
  /// `set` : n_words, one bit at the low position of each call.
  WideSums (*sum)(std::uint16_t const* codes, std::uint64_t const* set, std::size_t n_words);
  /// Codes of the counted allele that are not zero, of n samples, a multiple of pair_samples;
  /// list_slack more entries may be written. Returns how many there are.
  std::size_t (*list)(std::uint16_t const* codes, std::size_t n, bool is_flipped, WeightedRow* out);
  /// The same of samples without a code; each counts one.
  std::size_t (*list_missing)(std::uint16_t const* codes, std::size_t n, WeightedRow* out);
  /// sums[0..stride) += weight x row, over n entries: whole numbers, exact below 2^53.
  void (*add_exactly)(std::int32_t const* rows, std::size_t stride, WeightedRow const* entry,
                      std::size_t n, double* sums);
  /// The bytes of n codes of the counted allele, in the order of rows.
  void (*order)(std::uint16_t const* codes, std::size_t n, bool is_flipped, DenseCodes* low,
                DenseCodes* high);
};

extern CodeKernels const code_generic;
#if defined(__x86_64__)
extern CodeKernels const code_avx2;
extern CodeKernels const code_avx512;
#endif

[[nodiscard]] CodeKernels const& code_kernels();

}  // namespace igwas::kernels
