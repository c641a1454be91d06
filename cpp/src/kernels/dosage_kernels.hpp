// The inner loops of the product of dosages: one declaration, one table for each instruction set.
//
// A dosage is a byte: 0 to 254 for 0 to 2 copies, 255 for missing. Most are whole numbers of
// copies: code = 127 x call + residual, and few residuals are not zero.
//
// Plain pointers only, as in fixed_kernels.hpp.
#pragma once

#include "fixed_kernels.hpp"

#include <cstddef>
#include <cstdint>

namespace igwas::kernels {

constexpr int one_copy_code = 127;
constexpr int two_copies_code = 2 * one_copy_code;
constexpr int missing_dosage = 255;
/// Codes from here on are nearest to one copy, and to two.
constexpr int first_of_one = 64;
constexpr int first_of_two = 191;
constexpr std::int32_t largest_residual = 63;
static_assert(first_of_one - 1 == largest_residual && one_copy_code - first_of_one <= 63);
static_assert(first_of_two - 1 - one_copy_code == 63 && two_copies_code - first_of_two == 63);

/// Samples whose residuals are listed together: their rows stay in the second-level cache.
constexpr std::size_t residual_tile = 384;

/// So many entries fit a 32-bit sum whatever they weigh.
constexpr std::size_t sure_entries = most_limbs / largest_residual;

/// Dense sums take integers as 33 x high + low, so that 16-bit high and 8-bit low digits are
/// enough: 2^20 / 33 rounds to at most 31,775, and 33 is odd, so |low| <= 16.
constexpr std::int32_t digit_base = 33;
constexpr std::int32_t largest_high = 31775;
constexpr std::int32_t largest_low = 16;
/// Of what is summed densely: a code in a byte, or a byte of a code in two.
constexpr int largest_byte = 255;
/// Samples that are summed densely before the sums are carried to 64 bits.
constexpr std::size_t dense_samples = 256;
static_assert(largest_byte * largest_high * std::int64_t{dense_samples} < (std::int64_t{1} << 31));
/// Samples whose digits lie together, and how many of these steps fit 16-bit sums of pairs.
constexpr std::size_t step_samples = 4;
constexpr std::size_t low_steps = 4;
static_assert(low_steps * 2 * largest_byte * largest_low < (1 << 15));
static_assert(pair_samples % (step_samples * low_steps) == 0 && dense_samples % pair_samples == 0);
/// Variants whose dense sums are kept in registers together.
constexpr std::size_t dense_variants = 6;

/// A row of columns, counted from the first of a tile, and what it counts.
struct WeightedRow {
  std::uint32_t row;
  std::int32_t weight;
};

/// Codes of one variant for dense_samples rows, zero where missing.
struct DenseCodes {
  std::int16_t wide[dense_samples];
  std::uint8_t narrow[dense_samples];
};

/// Digits of strip_columns columns of step_samples rows: a column's rows side by side.
struct DenseDigits {
  std::int16_t high[2][strip_columns][2];
  std::int8_t low[strip_columns][4];
};
static_assert(sizeof(DenseDigits) == 192);

/// Samples by their nearest call, those past the last sample included.
struct ByteCounts {
  std::size_t n_none = 0;
  std::size_t n_one = 0;
  std::size_t n_two = 0;
  std::size_t n_missing = 0;
  std::size_t n_fractional = 0;
  std::uint64_t sum = 0;  ///< of codes that are not missing
};

/// Exact sums over the called samples of a set.
template <typename Code>
struct CalledSums {
  std::size_t n_called = 0;
  std::uint64_t sum = 0;
  std::uint64_t sum_of_squares = 0;
  Code least = static_cast<Code>(-1);  ///< of no sample: that of a missing dosage
  Code greatest = 0;
};
using ByteSums = CalledSums<std::uint8_t>;

struct DosageKernels {
  /// The nearest calls of n_words x 32 bytes, packed.
  ByteCounts (*pack_calls)(std::uint8_t const* bytes, std::size_t n_words, std::uint64_t* words);
  /// `set` : n_words, one bit at the low position of each call.
  ByteSums (*sum)(std::uint8_t const* bytes, std::uint64_t const* set, std::size_t n_words);
  /// The residuals that are not zero of n samples, a multiple of pair_samples; list_slack more
  /// entries may be written. Returns how many there are; `weight` : the sum of their magnitudes.
  std::size_t (*list_residuals)(std::uint8_t const* bytes, std::size_t n, bool is_flipped,
                                WeightedRow* out, std::uint32_t* weight);
  /// sums[0..stride) += weight x row, over n entries.
  void (*add_weighted)(std::int32_t const* rows, std::size_t stride, WeightedRow const* entry,
                       std::size_t n, std::int32_t* sums);
  /// Digits of a strip of n rows, a multiple of pair_samples.
  void (*split_digits)(std::int32_t const* rows, std::size_t stride, std::size_t n,
                       DenseDigits* out);
  /// Codes of n samples of the counted allele in the order of rows.
  void (*order_codes)(std::uint8_t const* bytes, std::size_t n, bool is_flipped, DenseCodes* out);
  /// total[v][0..strip_columns) += the dense sums over n rows, for dense_variants variants.
  void (*multiply_dense)(DenseCodes const* codes, DenseDigits const* digits, std::size_t n,
                         std::int64_t* total);
};

extern DosageKernels const dosage_generic;
#if defined(__x86_64__)
extern DosageKernels const dosage_avx2;
extern DosageKernels const dosage_avx512;
#endif

[[nodiscard]] DosageKernels const& dosage_kernels();

}  // namespace igwas::kernels
