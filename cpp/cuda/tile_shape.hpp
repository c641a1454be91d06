// How sums are cut into tiles; known to the kernel, to the packing of columns and to the host.
#pragma once

#include <cstddef>
#include <cstdint>

namespace igwas::cuda {

/// Samples that a block of threads takes in one step: each thread reads the calls of 16 of them.
inline constexpr unsigned unit_samples = 64;
/// A value of at most 2^20 is three signed digits to the base 256.
inline constexpr unsigned n_digits = 3;
/// Rows of one multiplication on tensor cores, columns of one, and samples of one.
inline constexpr unsigned mma_rows = 16;
inline constexpr unsigned mma_columns = 8;
inline constexpr unsigned mma_samples = 32;
inline constexpr unsigned warp_threads = 32;

/// What a warp keeps in registers: 2 x 4 x 3 tiles of 16 x 8 sums.
inline constexpr unsigned warp_rows = 2 * mma_rows;
inline constexpr unsigned tile_columns = 4 * mma_columns;
inline constexpr unsigned block_warps = 4;
inline constexpr unsigned block_threads = block_warps * warp_threads;
/// Rows of one byte a code; of two bytes half as many, of fine codes a quarter.
inline constexpr unsigned tile_rows = block_warps * warp_rows;

/// Digits of one step for one tile of columns, in the order in which threads read them: two halves
/// of 32 samples, four groups of 8 columns, three digits, 32 threads, 8 bytes.
inline constexpr unsigned step_fragments = 2 * (tile_columns / mma_columns) * n_digits;
inline constexpr unsigned step_bytes = step_fragments * warp_threads * 8;

/// Samples that one block of threads adds up: more blocks for the same rows, and no sum of digits
/// can overflow 32 bits.
inline constexpr unsigned split_units = 256;
inline constexpr std::int64_t largest_digit = 128;
/// Of a byte of a code.
inline constexpr std::int64_t largest_byte = 255;
static_assert(largest_byte * largest_digit * split_units * unit_samples < 2147483648);

/// Genotypes of a row that are summed.
enum class RowKind : std::uint32_t {
  effect_counted = 0,  ///< copies of the effect allele
  other_counted = 1,   ///< copies of the other one
  missing = 2,         ///< 1 for a sample without a call
};

struct SumRow {
  std::uint32_t variant;  ///< of the piece in memory
  RowKind kind;
};

}  // namespace igwas::cuda
