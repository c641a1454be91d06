#include "igwas/code_products.hpp"

#include "dense_product.hpp"
#include "igwas/dot_products.hpp"
#include "kernels/code_kernels.hpp"
#include "kernels/simd_choice.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace igwas {

using kernels::code_kernels;
using kernels::CodeKernels;
using kernels::DenseCodes;
using kernels::WeightedRow;

namespace {

/// A code is 256 x its high byte + its low one.
constexpr std::int64_t high_byte = 256;

/// Samples whose codes are listed together: their rows stay in the second-level cache.
constexpr std::size_t tile = kernels::residual_tile;
static_assert(tile % kernels::pair_samples == 0 && tile <= kernels::exact_rows);

/// Rows of codes are far apart: the machine does not foresee where the next one is.
void prefetch(std::uint16_t const* codes, std::size_t n) noexcept {
  constexpr std::size_t line_codes = 32;
  for (std::size_t i = 0; i < n; i += line_codes) {
    __builtin_prefetch(codes + i);
  }
}

/// One product; its members are steps over the same state.
///
/// A variant is either sparse, the rows of its samples multiplied by their codes in float64, where
/// whole numbers are exact, or dense, both bytes of every sample's code multiplied.
class CodeProduct {
 public:
  CodeProduct(GenotypeBatch const& batch, FixedColumns const& columns, CodeScratch& scratch)
      : batch_(batch),
        columns_(columns),
        scratch_(scratch),
        kernel_(code_kernels()),
        stride_(columns.stride()) {}

  void run(bool sums_missing, CodeCrossover const& crossover) {
    choose(sums_missing, crossover);
    std::size_t const n_sums = 2 * batch_.size() * stride_;
    scratch_.total.resize(n_sums);
    scratch_.partial.resize(n_sums);
    std::fill_n(scratch_.total.data(), n_sums, std::int64_t{0});
    std::fill_n(scratch_.partial.data(), n_sums, 0.0);
    add_lists();
    add_dense();
  }

 private:
  [[nodiscard]] std::uint16_t const* codes(std::uint32_t variant, std::size_t first) const {
    return batch_.padded_codes(variant) + first;
  }

  void choose(bool sums_missing, CodeCrossover const& crossover) {
    std::vector<std::uint8_t> is_dense(batch_.size(), 0);
    double saved = 0;
    for (std::uint32_t v = 0; v < batch_.size(); ++v) {
      double const sparse = crossover.entry * static_cast<double>(batch_.call_shape(v).n_counted) /
                            static_cast<double>(columns_.samples());
      is_dense[v] = sparse > crossover.dense;
      saved += std::max(0.0, sparse - crossover.dense);
    }
    bool const pays = saved > crossover.dense_build;
    for (std::uint32_t v = 0; v < batch_.size(); ++v) {
      GenotypeBatch::CallShape const shape = batch_.call_shape(v);
      if (pays && is_dense[v] != 0) {
        dense_.push_back(v);
      } else if (shape.n_counted != 0) {
        sparse_.push_back(v);
      }
      if (sums_missing && shape.n_missing != 0) {
        missing_.push_back(v);
      }
    }
  }

  void add_lists() {
    scratch_.entry.resize(tile + kernels::list_slack);
    static_assert(sizeof(WeightedRow) == sizeof(std::uint64_t));
    std::size_t n_added = 0;
    for (std::size_t first = 0; first < columns_.rows(); first += tile) {
      std::size_t const n = std::min(tile, columns_.rows() - first);
      if (n_added + n > kernels::exact_rows) {
        carry();
        n_added = 0;
      }
      add_tile(first, n);
      n_added += n;
    }
    carry();
  }

  void add_tile(std::size_t first, std::size_t n) {
    auto* const entry = reinterpret_cast<WeightedRow*>(scratch_.entry.data());
    std::int32_t const* const rows = columns_.data() + first * stride_;
    for (std::size_t i = 0; i < sparse_.size(); ++i) {
      std::uint32_t const variant = sparse_[i];
      prefetch(codes(sparse_[std::min(i + 2, sparse_.size() - 1)], first), n);
      std::size_t const n_entries =
          kernel_.list(codes(variant, first), n, batch_.is_flipped(variant), entry);
      kernel_.add_exactly(rows, stride_, entry, n_entries, partial(variant));
    }
    for (std::uint32_t const variant : missing_) {
      std::size_t const n_entries = kernel_.list_missing(codes(variant, first), n, entry);
      kernel_.add_exactly(rows, stride_, entry, n_entries, partial(batch_.size() + variant));
    }
  }

  [[nodiscard]] double* partial(std::size_t sum) { return scratch_.partial.data() + sum * stride_; }

  void carry(std::size_t sum) {
    double* const from = partial(sum);
    std::int64_t* const to = scratch_.total.data() + sum * stride_;
    for (std::size_t k = 0; k < stride_; ++k) {
      to[k] += static_cast<std::int64_t>(from[k]);
      from[k] = 0;
    }
  }

  void carry() {
    for (std::uint32_t const variant : sparse_) {
      carry(variant);
    }
    for (std::uint32_t const variant : missing_) {
      carry(batch_.size() + variant);
    }
  }

  void add_dense() {
    DenseProduct product(columns_, scratch_.dense, 2 * dense_.size());
    product.run([&](std::size_t first, std::size_t n, DenseCodes* bytes) {
      for (std::size_t i = 0; i < dense_.size(); ++i) {
        prefetch(codes(dense_[std::min(i + 4, dense_.size() - 1)], first), n);
        kernel_.order(codes(dense_[i], first), n, batch_.is_flipped(dense_[i]), bytes + 2 * i,
                      bytes + 2 * i + 1);
      }
    });
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      std::int64_t* const total = scratch_.total.data() + dense_[i] * stride_;
      product.add_to(total, 2 * i, 1);
      product.add_to(total, 2 * i + 1, high_byte);
    }
  }

  GenotypeBatch const& batch_;
  FixedColumns const& columns_;
  CodeScratch& scratch_;
  CodeKernels const& kernel_;
  std::size_t stride_;
  std::vector<std::uint32_t> sparse_;
  std::vector<std::uint32_t> dense_;
  std::vector<std::uint32_t> missing_;  ///< whose missing calls are summed
};

}  // namespace

CodeCrossover usual_crossover() {
  CodeCrossover crossover;
  // Without instructions for bytes the dense way is slower than a list of every sample.
  if (kernels::simd_choice() == kernels::SimdLevel::generic) {
    crossover.dense = std::numeric_limits<double>::infinity();
  }
  return crossover;
}

void multiply_codes(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                    CodeScratch& scratch, bool sums_missing, CodeCrossover crossover) {
  CodeProduct(batch, columns, scratch).run(sums_missing, crossover);
  std::size_t const n_columns = columns.columns();
  std::size_t const stride = columns.stride();
  out.n_columns = n_columns;
  out.called.resize(batch.size() * n_columns);
  out.missing.resize(batch.size() * n_columns);
  for (std::size_t v = 0; v < batch.size(); ++v) {
    columns.values(scratch.total.data() + v * stride, out.called.data() + v * n_columns);
    columns.values(scratch.total.data() + (batch.size() + v) * stride,
                   out.missing.data() + v * n_columns);
  }
}

}  // namespace igwas
