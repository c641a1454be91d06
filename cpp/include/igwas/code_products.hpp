// The product of dosages in two bytes with the columns of a model in fixed point: exact sums of
// integers, the same in any order and whichever way a variant takes (FixedColumns).
#pragma once

#include "igwas/aligned_buffer.hpp"
#include "igwas/dosage_products.hpp"
#include "igwas/fixed_columns.hpp"
#include "igwas/genotype_batch.hpp"
#include "igwas/sum_scratch.hpp"

#include <cstdint>

namespace igwas {

struct BatchProducts;

/// What a thread keeps between batches.
struct CodeScratch {
  SumScratch<double> sums;  ///< called sums of every variant, then missing sums
  AlignedBuffer<std::uint64_t> entry;
  DenseScratch dense;
};

/// Which way a variant takes, by counts. The unit of costs is that of DosageCrossover.
struct CodeCrossover {
  /// A sample whose code is not zero: its row is multiplied.
  double entry = 2.2;
  /// Every sample of a variant, whatever its code.
  double dense = 0.62;
  /// Preparing the columns for the dense variants of a batch.
  double dense_build = 6;
};

/// What is quickest with the instruction set in use.
[[nodiscard]] CodeCrossover usual_crossover();

/// Fill `out` like multiply() does, from dosages in two bytes.
///
/// \param batch of Kind::codes, prepared.
/// \param sums_missing false leaves `out.missing` at zero: nobody reads it.
void multiply_codes(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                    CodeScratch& scratch, bool sums_missing = true,
                    CodeCrossover crossover = usual_crossover());

}  // namespace igwas
