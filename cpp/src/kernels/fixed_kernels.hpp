// The inner loops of the fixed-point product: one declaration, one table for each instruction set.
//
// Plain pointers only: these files are compiled for different instruction sets, and a template of
// the standard library instantiated in one of them could be linked into the others.
#pragma once

#include <cstddef>
#include <cstdint>

namespace igwas::kernels {

/// Phenotypes that a table row holds: one cache line of int32.
constexpr std::size_t strip_columns = 16;
/// A table has the sums of 4 samples for every combination of 0, 1 or 2 copies: one for each byte
/// of packed calls. Six tables, 31 KB, stay in the first-level cache together.
constexpr std::size_t byte_samples = 4;
constexpr std::size_t table_rows = 81;
constexpr std::size_t n_tables = 6;
constexpr std::size_t table_ints = table_rows * strip_columns;
constexpr std::size_t group_samples = byte_samples * n_tables;
/// Samples whose table sums fit 32 bits: two copies each of at most 2^20. Whole groups, whole pairs
/// of words.
constexpr std::size_t table_block = 960;
/// Samples of a list tile: their rows stay in the second-level cache.
constexpr std::size_t list_tile = 960;
/// Samples that lists and tables take in turn: their rows stay in the third-level cache.
constexpr std::size_t block_samples = 7680;
/// Two words of calls together hold this many samples.
constexpr std::size_t pair_samples = 64;
/// Rows are padded to whole pairs of words and whole groups.
constexpr std::size_t row_multiple = 192;
static_assert(block_samples % list_tile == 0 && block_samples % table_block == 0);
static_assert(table_block % group_samples == 0 && table_block % pair_samples == 0);
static_assert(row_multiple % group_samples == 0 && row_multiple % pair_samples == 0);
/// A limb is at most 2^20: so many, the most between two carries, fit a signed 32-bit sum.
constexpr std::uint32_t most_limbs = 2047;
static_assert(2 * table_block <= most_limbs);

/// How far ahead of an entry its row is asked for.
constexpr std::size_t entries_ahead = 8;
/// Entries past the end of a list that may be written, or read to ask for a row.
constexpr std::size_t list_slack = 8;
/// Variants that are encoded together, so that their codes are written side by side.
constexpr std::size_t encode_variants = 8;

/// Where the row of a sample is: samples of two words are interleaved, so that the bits of two
/// words, which are two apart, make one word whose bit places are row numbers.
[[nodiscard]] constexpr std::size_t row_of_sample(std::size_t sample) noexcept {
  std::size_t const within = sample % pair_samples;
  return sample - within + 2 * (within % (pair_samples / 2)) + within / (pair_samples / 2);
}

/// Lists of one variant in a block: where each tile's entries go, and how many there are.
struct VariantLists {
  std::uint16_t** counted;   ///< (tiles) moved past what is written; null: not wanted
  std::uint16_t** missing;   ///< the same
  std::uint16_t* n_counted;  ///< (tiles)
  std::uint16_t* n_missing;  ///< (tiles)
};

struct FixedKernels {
  /// sums[0..n_columns) += sum of rows[entry[i]][0..n_columns) over n entries. Reads entries up to
  /// entries_ahead past the last, whatever they are.
  void (*add_rows)(std::int32_t const* rows, std::size_t stride, std::size_t n_columns,
                   std::uint16_t const* entry, std::size_t n, std::int32_t* sums);
  /// total += partial; partial = 0.
  void (*carry)(std::int32_t* partial, std::int64_t* total, std::size_t n);
  /// The n_tables tables of a group. `rows` is the first row of a table block, `group` counts
  /// groups from there.
  void (*build_tables)(std::int32_t const* rows, std::size_t stride, std::size_t group,
                       std::int32_t* tables);
  /// strip[v] += the rows of the tables that code[v] names, for n variants. A code is n_tables
  /// offsets in bytes, each from the start of its table.
  void (*look_up)(std::int32_t const* tables, std::uint16_t const* code, std::size_t n,
                  std::int32_t* strip);
  /// Codes of n <= encode_variants variants from n_bytes of the packed calls of each, `stride`
  /// offsets from group to group.
  void (*encode)(std::uint64_t const* const* words, bool const* is_flipped, std::size_t n,
                 std::size_t n_bytes, std::uint16_t* code, std::size_t stride);
  /// Rows of the samples that carry the counted allele (the effect allele, or if `is_flipped` the
  /// other one), once for each copy, and of those without a call: tile by tile, from n_words of
  /// packed calls, an even number.
  void (*list)(std::uint64_t const* words, std::size_t n_words, bool is_flipped,
               VariantLists lists);
  /// Put the calls of some samples side by side: those with both bits set in `keep`, which ends
  /// with a word that has some. `row` has n_bytes; calls past those are read as 0.
  void (*pick)(unsigned char const* row, std::size_t n_bytes, std::uint64_t const* keep,
               std::size_t n_words, std::uint64_t* out);
  char const* name;
};

extern FixedKernels const fixed_generic;
#if defined(__x86_64__)
extern FixedKernels const fixed_avx2;
extern FixedKernels const fixed_avx512;
#endif

/// The best the machine has, or the one that the environment variable IGWAS_SIMD names.
[[nodiscard]] FixedKernels const& fixed_kernels();

}  // namespace igwas::kernels
