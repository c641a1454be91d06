// The product of a batch of genotypes with the columns of a model: what the scan spends its time
// on.
#pragma once

#include "igwas/genotype_batch.hpp"
#include "igwas/matrix_view.hpp"

#include <vector>

namespace igwas {

/// Sums of the columns over samples, one row a variant.
struct BatchProducts {
  std::size_t n_columns = 0;
  std::vector<double> called;   ///< (variants, columns) sum of code x column over called samples
  std::vector<double> missing;  ///< (variants, columns) sum of column over missing samples

  [[nodiscard]] double const* called_row(std::size_t variant) const noexcept {
    return called.data() + variant * n_columns;
  }
  [[nodiscard]] double const* missing_row(std::size_t variant) const noexcept {
    return missing.data() + variant * n_columns;
  }
};

/// Fill `out` with code'columns and missing'columns, accumulated in float64.
///
/// Each sum runs over samples in ascending order, so a variant's result depends on neither its
/// batch, nor the thread, nor the instruction set.
///
/// \param columns (samples, columns), columns a multiple of column_multiple.
void multiply(GenotypeBatch const& batch, MatrixView<double const> columns, BatchProducts& out);

/// Replace the row of one variant by what multiply() gives for it.
void multiply_variant(GenotypeBatch const& batch, std::size_t variant,
                      MatrixView<double const> columns, BatchProducts& out);

}  // namespace igwas
