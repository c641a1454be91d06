#include "igwas/code_products.hpp"

#include "dense_product.hpp"
#include "kernels/code_kernels.hpp"
#include "kernels/simd_choice.hpp"
#include "product_sums.hpp"

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
        stride_(columns.stride()),
        sums_(scratch.sums, 2 * batch.size(), stride_) {}

  void run(bool sums_missing, CodeCrossover const& crossover) {
    choose(sums_missing, crossover);
    add_lists();
    add_dense();
  }

 private:
  [[nodiscard]] std::uint16_t const* codes(std::uint32_t variant, std::size_t first) const {
    return batch_.padded_codes(variant) + first;
  }

  void choose(bool sums_missing, CodeCrossover const& crossover) {
    auto const is_dense = choose_dense(batch_.size(), crossover, [&](std::size_t v) {
      return crossover.entry * static_cast<double>(batch_.call_shape(v).n_counted) /
             static_cast<double>(columns_.samples());
    });
    for (std::uint32_t v = 0; v < batch_.size(); ++v) {
      GenotypeBatch::CallShape const shape = batch_.call_shape(v);
      if (is_dense[v] != 0) {
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
    WeightedRow* const entry = tile_list(scratch_.entry);
    for (std::size_t first = 0; first < columns_.rows(); first += tile) {
      add_tile(first, std::min(tile, columns_.rows() - first), entry);
    }
    for (std::uint32_t const variant : sparse_) {
      sums_.carry(variant);
    }
    for (std::uint32_t const variant : missing_) {
      sums_.carry(batch_.size() + variant);
    }
  }

  void add_tile(std::size_t first, std::size_t n, WeightedRow* entry) {
    auto const weight = static_cast<std::uint32_t>(n);
    std::int32_t const* const rows = columns_.data() + first * stride_;
    for (std::size_t i = 0; i < sparse_.size(); ++i) {
      std::uint32_t const variant = sparse_[i];
      prefetch(codes(sparse_[std::min(i + 2, sparse_.size() - 1)], first), n);
      std::size_t const n_entries =
          kernel_.list(codes(variant, first), n, batch_.is_flipped(variant), entry);
      kernel_.add_exactly(rows, stride_, entry, n_entries, sums_.room_for(variant, weight));
    }
    for (std::uint32_t const variant : missing_) {
      std::size_t const n_entries = kernel_.list_missing(codes(variant, first), n, entry);
      kernel_.add_exactly(rows, stride_, entry, n_entries,
                          sums_.room_for(batch_.size() + variant, weight));
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
      product.add_to(sums_.total(dense_[i]), 2 * i, 1);
      product.add_to(sums_.total(dense_[i]), 2 * i + 1, high_byte);
    }
  }

  GenotypeBatch const& batch_;
  FixedColumns const& columns_;
  CodeScratch& scratch_;
  CodeKernels const& kernel_;
  std::size_t stride_;
  ProductSums<double> sums_;
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
  write_products(columns, batch.size(), scratch.sums.total.data(), out);
}

}  // namespace igwas
