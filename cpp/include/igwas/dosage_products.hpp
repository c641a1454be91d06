// The product of dosages in bytes with the columns of a model in fixed point: exact integer sums.
//
// Sums are of integers that a rounding of the columns made once (FixedColumns), so that the result
// does not depend on order, nor on which way a variant takes.
#pragma once

#include "igwas/aligned_buffer.hpp"
#include "igwas/fixed_columns.hpp"
#include "igwas/fixed_products.hpp"
#include "igwas/genotype_batch.hpp"
#include "igwas/sum_scratch.hpp"

#include <cstdint>

namespace igwas {

struct BatchProducts;

/// Of the sums in which every sample is multiplied.
struct DenseScratch {
  AlignedBuffer<std::int64_t> total;  ///< (strips, rows of codes, 16)
  AlignedBuffer<std::uint8_t> code;
  AlignedBuffer<std::uint8_t> digit;
};

/// What a thread keeps between batches.
struct DosageScratch {
  FixedScratch fixed;             ///< sums of calls
  SumScratch<std::int32_t> sums;  ///< of residuals of every variant
  AlignedBuffer<std::uint64_t> entry;
  DenseScratch dense;
};

/// Which way a variant takes, by counts: see docs/decisions. The unit of costs is adding the rows
/// of the columns to a sum, once for every sample.
struct DosageCrossover {
  FixedCrossover calls;
  /// A residual that is not zero: its row is multiplied too.
  double residual = 1.05;
  /// Every sample of a variant, whatever its dosage.
  double dense = 0.31;
  /// Preparing the columns for the dense variants of a batch.
  double dense_build = 6;
};

/// Fill `out` like multiply() does, from dosages in bytes.
///
/// \param batch of Kind::bytes, prepared.
/// \param sums_missing false leaves `out.missing` at zero: nobody reads it.
void multiply_dosages(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                      DosageScratch& scratch, bool sums_missing = true,
                      DosageCrossover crossover = {});

}  // namespace igwas
