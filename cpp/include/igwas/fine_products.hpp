// The product of fine codes with the columns of a model in fixed point: what a device's sums are
// compared with. Plain, not quick: the CPU's own scan sums fractions of arrays in float64.
#pragma once

#include "igwas/fixed_columns.hpp"
#include "igwas/genotype_batch.hpp"

#include <cstdint>
#include <vector>

namespace igwas {

struct BatchProducts;

/// What a thread keeps between batches.
struct FineScratch {
  std::vector<std::int64_t> sums;  ///< (2 x variants, stride) called sums, then missing sums
};

/// Fill `out` like multiply() does, from fine codes.
///
/// \param batch of Kind::fine, prepared.
/// \param sums_missing false leaves `out.missing` at zero: nobody reads it.
void multiply_fine(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                   FineScratch& scratch, bool sums_missing);

}  // namespace igwas
