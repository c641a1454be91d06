// Dense sums: bytes of every sample, whatever they are, times the columns. A step of the products
// of dosages.
#pragma once

#include "igwas/dosage_products.hpp"
#include "igwas/fixed_columns.hpp"
#include "kernels/dosage_kernels.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace igwas {

/// (variants) 1: it is cheaper densely. None is where all together save less than it costs to
/// prepare the columns.
///
/// \param crossover with `dense`, the cost of a variant, and `dense_build`.
/// \param sparse_cost of a variant, by its number.
template <typename Crossover, typename SparseCost>
[[nodiscard]] std::vector<std::uint8_t> choose_dense(std::size_t n_variants,
                                                     Crossover const& crossover,
                                                     SparseCost const& sparse_cost) {
  std::vector<std::uint8_t> is_dense(n_variants, 0);
  double saved = 0;
  for (std::size_t v = 0; v < n_variants; ++v) {
    double const sparse = sparse_cost(v);
    is_dense[v] = sparse > crossover.dense;
    saved += std::max(0.0, sparse - crossover.dense);
  }
  if (saved <= crossover.dense_build) {
    std::ranges::fill(is_dense, std::uint8_t{0});
  }
  return is_dense;
}

/// The sums of some rows of bytes.
class DenseProduct {
 public:
  DenseProduct(FixedColumns const& columns, DenseScratch& scratch, std::size_t n_rows)
      : columns_(columns),
        scratch_(scratch),
        n_padded_((n_rows + kernels::dense_variants - 1) / kernels::dense_variants *
                  kernels::dense_variants) {}

  /// `order(first, n, codes)` writes the bytes of samples [first, first + n) of every row.
  template <typename Order>
  void run(Order const& order) {
    if (n_padded_ == 0) {
      return;
    }
    scratch_.total.resize(n_padded_ * columns_.stride());
    std::fill_n(scratch_.total.data(), n_padded_ * columns_.stride(), std::int64_t{0});
    scratch_.code.resize(n_padded_ * sizeof(kernels::DenseCodes));
    scratch_.digit.resize(kernels::dense_samples / kernels::step_samples *
                          sizeof(kernels::DenseDigits));
    // Whatever a batch before left where no row is: its sums are not read.
    auto* const codes = reinterpret_cast<kernels::DenseCodes*>(scratch_.code.data());
    for (std::size_t first = 0; first < columns_.rows(); first += kernels::dense_samples) {
      std::size_t const n = std::min(kernels::dense_samples, columns_.rows() - first);
      order(first, n, codes);
      add_block(first, n, codes);
    }
  }

  /// total[0..stride) += factor x the sums of a row.
  void add_to(std::int64_t* total, std::size_t row, std::int64_t factor) const {
    for (std::size_t column = 0; column < columns_.stride(); column += kernels::strip_columns) {
      std::int64_t const* const from =
          scratch_.total.data() + column * n_padded_ + row * kernels::strip_columns;
      for (std::size_t k = 0; k < kernels::strip_columns; ++k) {
        total[column + k] += factor * from[k];
      }
    }
  }

 private:
  void add_block(std::size_t first, std::size_t n, kernels::DenseCodes const* codes) {
    auto const& kernel = kernels::dosage_kernels();
    std::size_t const stride = columns_.stride();
    auto* const digits = reinterpret_cast<kernels::DenseDigits*>(scratch_.digit.data());
    for (std::size_t column = 0; column < stride; column += kernels::strip_columns) {
      kernel.split_digits(columns_.data() + first * stride + column, stride, n, digits);
      std::int64_t* const totals = scratch_.total.data() + column * n_padded_;
      for (std::size_t i = 0; i < n_padded_; i += kernels::dense_variants) {
        kernel.multiply_dense(codes + i, digits, n, totals + i * kernels::strip_columns);
      }
    }
  }

  FixedColumns const& columns_;
  DenseScratch& scratch_;
  std::size_t n_padded_;
};

}  // namespace igwas
