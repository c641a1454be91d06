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
/// Samples whose bits make one table index, and tables that are used together.
constexpr std::size_t code_samples = 6;
constexpr std::size_t n_tables = 8;
constexpr std::size_t table_rows = std::size_t{1} << code_samples;
constexpr std::size_t codes_samples = code_samples * n_tables;
/// Samples of a list tile: their rows stay in the second-level cache. A block of samples is whole
/// tiles and whole codes.
constexpr std::size_t list_tile = 512;
constexpr std::size_t block_samples = 7680;
static_assert(block_samples % list_tile == 0 && block_samples % codes_samples == 0);

struct FixedKernels {
  /// sums[0..n_columns) += sum of rows[entry[i]][0..n_columns) over n entries.
  void (*add_rows)(std::int32_t const* rows, std::size_t stride, std::size_t n_columns,
                   std::uint16_t const* entry, std::size_t n, std::int32_t* sums);
  /// total += partial; partial = 0.
  void (*carry)(std::int32_t* partial, std::int64_t* total, std::size_t n);
  /// n_tables tables of the sums of every subset of code_samples rows, strip_columns wide.
  void (*build_tables)(std::int32_t const* rows, std::size_t stride, std::size_t n_rows,
                       std::int32_t* tables);
  /// strip[p] += the rows of the tables that code[p] names, for n planes. A code is n_tables
  /// offsets in bytes, each from the start of its table.
  void (*look_up)(std::int32_t const* tables, std::uint16_t const* code, std::size_t n,
                  std::int32_t* strip);
  /// Codes of one plane from its bits: n_codes of them, `stride` offsets apart.
  void (*encode)(std::uint32_t const* bits, std::size_t n_codes, std::uint16_t* code,
                 std::size_t stride);
  /// Samples of one variant that carry the counted allele (the effect allele, or if `is_flipped`
  /// the other one), in a block of samples, tile by tile: once for each copy, or only those with
  /// two copies, once.
  void (*list_calls)(std::uint64_t const* words, std::size_t n_words, bool is_flipped,
                     bool lists_singles, std::uint16_t* const* out, std::uint16_t* count);
  /// The same for missing calls.
  void (*list_missing)(std::uint64_t const* words, std::size_t n_words, std::uint16_t* const* out,
                       std::uint16_t* count);
  /// Bits of the samples with at least one (or two) counted alleles, 32 a word.
  void (*plane)(std::uint64_t const* words, std::size_t n_words, bool is_flipped, bool is_pairs,
                std::uint32_t* bits);
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
