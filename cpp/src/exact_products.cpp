#include "igwas/exact_products.hpp"

#include "igwas/fixed_products.hpp"

namespace igwas {

void multiply_exactly(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                      ExactScratch& scratch, bool sums_missing) {
  switch (batch.kind()) {
    case GenotypeBatch::Kind::bytes:
      multiply_dosages(batch, columns, out, scratch.dosage, sums_missing);
      return;
    case GenotypeBatch::Kind::codes:
      multiply_codes(batch, columns, out, scratch.code, sums_missing);
      return;
    case GenotypeBatch::Kind::fine:
      multiply_fine(batch, columns, out, scratch.fine, sums_missing);
      return;
    default:
      multiply_fixed(batch, columns, out, scratch.dosage.fixed, sums_missing);
  }
}

}  // namespace igwas
