// The product of hard calls with the columns of a model in fixed point: exact integer sums.
//
// Columns are rounded once (FixedColumns); after that every sum is exact, so the result does not
// depend on order: not on threads, batches, tiles or instruction sets.
#pragma once

#include "igwas/aligned_buffer.hpp"
#include "igwas/fixed_columns.hpp"
#include "igwas/genotype_batch.hpp"
#include "igwas/sum_scratch.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace igwas {

struct BatchProducts;

/// What a thread keeps between batches.
struct FixedScratch {
  SumScratch<std::int32_t> sums;            ///< called sums of every variant, then missing sums
  AlignedBuffer<std::int32_t> strip;        ///< (table variants, 16)
  AlignedBuffer<std::int64_t> table_total;  ///< (strips, table variants, 16)
  AlignedBuffer<std::int32_t> table;
  AlignedBuffer<std::uint16_t> code;
  AlignedBuffer<std::uint16_t> entry;
  std::vector<std::uint16_t> entry_count;
};

/// Which way a variant takes, by counts: see docs/decisions.
struct FixedCrossover {
  /// Entries of a list, one for each counted allele, as a share of the samples: above it, tables.
  double list_share = 0.13;
  /// Building the tables of a batch costs as much as this many entries, as a share of the samples.
  double build_share = 20;
};

/// The instruction set that the product uses: `generic`, `avx2` or `avx512`. The best the machine
/// has, unless the environment variable IGWAS_SIMD names a lower one.
[[nodiscard]] char const* simd_level() noexcept;

/// Leave exact sums of the integers of a row in `scratch.sums.total`: a step of products.
///
/// \param batch of Kind::calls or Kind::bytes (whose nearest calls are summed), prepared.
/// \param is_left_out (variants) whose called sums stay zero; empty: no variant.
void sum_calls(GenotypeBatch const& batch, FixedColumns const& columns, FixedScratch& scratch,
               std::span<std::uint8_t const> is_left_out, bool sums_missing,
               FixedCrossover crossover);

/// Fill `out` like multiply() does, from hard calls.
///
/// \param batch of Kind::calls, prepared.
/// \param sums_missing false leaves `out.missing` at zero: nobody reads it.
void multiply_fixed(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                    FixedScratch& scratch, bool sums_missing = true, FixedCrossover crossover = {});

}  // namespace igwas
