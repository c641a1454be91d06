// The product of genotypes of any kind that is stored as integers with a model's columns.
#pragma once

#include "igwas/code_products.hpp"
#include "igwas/dosage_products.hpp"
#include "igwas/fine_products.hpp"
#include "igwas/fixed_columns.hpp"
#include "igwas/genotype_batch.hpp"

namespace igwas {

struct BatchProducts;

/// What a thread keeps between batches, whatever their kind.
struct ExactScratch {
  DosageScratch dosage;  ///< of bytes; its part for calls is that of hard calls
  CodeScratch code;
  FineScratch fine;
};

/// Whether sums over genotypes of a kind are sums of integers, so the same in any order.
[[nodiscard]] inline bool is_summed_exactly(GenotypeBatch::Kind kind) noexcept {
  return kind != GenotypeBatch::Kind::values;
}

/// multiply_fixed(), multiply_dosages(), multiply_codes() or multiply_fine(), by the kind of the
/// batch.
///
/// \param batch of a kind that is summed exactly, prepared.
void multiply_exactly(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                      ExactScratch& scratch, bool sums_missing = true);

}  // namespace igwas
