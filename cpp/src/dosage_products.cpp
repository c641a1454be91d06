#include "igwas/dosage_products.hpp"

#include "dense_product.hpp"
#include "kernels/dosage_kernels.hpp"
#include "product_sums.hpp"

#include <algorithm>

namespace igwas {

using kernels::DenseCodes;
using kernels::dosage_kernels;
using kernels::DosageKernels;
using kernels::WeightedRow;

namespace {

/// No variant has more entries in its lists, as a share of the samples.
constexpr double most_entries = 2;

/// One product; its members are steps over the same state.
///
/// A variant is either sparse, 127 times the product of its nearest calls and the rows of the
/// residuals, or dense, every sample's code multiplied.
class DosageProduct {
 public:
  DosageProduct(GenotypeBatch const& batch, FixedColumns const& columns, DosageScratch& scratch)
      : batch_(batch),
        columns_(columns),
        scratch_(scratch),
        kernel_(dosage_kernels()),
        stride_(columns.stride()),
        sums_(scratch.sums, batch.size(), stride_) {}

  void run(bool sums_missing, DosageCrossover const& crossover) {
    FixedCrossover const calls = crossover_of_calls(crossover);
    choose(crossover, calls.list_share);
    sum_calls(batch_, columns_, scratch_.fixed, is_dense_, sums_missing, calls);
    add_residuals();
    add_dense();
    finish();
  }

 private:
  [[nodiscard]] double share(std::size_t n) const {
    return static_cast<double>(n) / static_cast<double>(columns_.samples());
  }

  [[nodiscard]] double call_entries(std::size_t variant) const {
    GenotypeBatch::CallShape const shape = batch_.call_shape(variant);
    return share(shape.n_counted + shape.n_pairs);
  }

  /// How calls are summed: by tables where these save more than it costs to build them. A variant
  /// without them is no dearer than a dense one.
  [[nodiscard]] FixedCrossover crossover_of_calls(DosageCrossover const& crossover) const {
    double saved = 0;
    for (std::size_t v = 0; v < batch_.size(); ++v) {
      double const otherwise = std::min(call_entries(v), crossover.dense);
      saved += std::max(0.0, otherwise - crossover.calls.list_share);
    }
    bool const pays = saved > crossover.calls.build_share;
    return pays ? crossover.calls : FixedCrossover{most_entries, crossover.calls.build_share};
  }

  void choose(DosageCrossover const& crossover, double most) {
    is_dense_ = choose_dense(batch_.size(), crossover, [&](std::size_t v) {
      double const residuals = share(batch_.call_shape(v).n_fractional);
      return std::min(call_entries(v), most) + crossover.residual * residuals;
    });
    for (std::uint32_t v = 0; v < batch_.size(); ++v) {
      if (is_dense_[v] != 0) {
        dense_.push_back(v);
      } else if (batch_.call_shape(v).n_fractional != 0) {
        sparse_.push_back(v);
      }
    }
  }

  void add_residuals() {
    WeightedRow* const entry = tile_list(scratch_.entry);
    for (std::size_t first = 0; first < columns_.rows(); first += kernels::residual_tile) {
      std::size_t const n = std::min(kernels::residual_tile, columns_.rows() - first);
      for (std::size_t i = 0; i < sparse_.size(); ++i) {
        std::uint32_t const variant = sparse_[i];
        std::uint32_t weight = 0;
        prefetch(batch_.padded_bytes(sparse_[std::min(i + 2, sparse_.size() - 1)]) + first, n);
        std::size_t const n_entries = kernel_.list_residuals(
            batch_.padded_bytes(variant) + first, n, batch_.is_flipped(variant), entry, &weight);
        if (n_entries != 0) {
          add_entries(first, entry, n_entries, weight, variant);
        }
      }
    }
    for (std::uint32_t const variant : sparse_) {
      sums_.carry(variant);
    }
  }

  void add_entries(std::size_t first, WeightedRow const* entry, std::size_t n, std::uint32_t weight,
                   std::uint32_t variant) {
    std::int32_t const* const rows = columns_.data() + first * stride_;
    if (weight <= kernels::most_limbs) {
      kernel_.add_weighted(rows, stride_, entry, n, sums_.room_for(variant, weight));
      return;
    }
    for (std::size_t from = 0; from < n; from += kernels::sure_entries) {
      kernel_.add_weighted(rows, stride_, entry + from, std::min(kernels::sure_entries, n - from),
                           sums_.room_for(variant, kernels::most_limbs));
    }
  }

  void add_dense() {
    DenseProduct product(columns_, scratch_.dense, dense_.size());
    product.run([&](std::size_t first, std::size_t n, DenseCodes* codes) {
      for (std::size_t i = 0; i < dense_.size(); ++i) {
        prefetch(batch_.padded_bytes(dense_[std::min(i + 4, dense_.size() - 1)]) + first, n);
        kernel_.order_codes(batch_.padded_bytes(dense_[i]) + first, n, batch_.is_flipped(dense_[i]),
                            codes + i);
      }
    });
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      product.add_to(sums_.total(dense_[i]), i, 1);
    }
  }

  /// Calls of dense variants are left out, so their sums are zero here.
  void finish() {
    std::int64_t const* const calls = scratch_.fixed.sums.total.data();
    std::int64_t* const total = sums_.total(0);
    for (std::size_t i = 0; i < batch_.size() * stride_; ++i) {
      total[i] += kernels::one_copy_code * calls[i];
    }
  }

  GenotypeBatch const& batch_;
  FixedColumns const& columns_;
  DosageScratch& scratch_;
  DosageKernels const& kernel_;
  std::size_t stride_;
  ProductSums<std::int32_t> sums_;
  std::vector<std::uint8_t> is_dense_;
  std::vector<std::uint32_t> dense_;
  std::vector<std::uint32_t> sparse_;  ///< with residuals
};

}  // namespace

void multiply_dosages(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                      DosageScratch& scratch, bool sums_missing, DosageCrossover crossover) {
  DosageProduct(batch, columns, scratch).run(sums_missing, crossover);
  std::int64_t const* const calls = scratch.fixed.sums.total.data();
  write_products(columns, batch.size(), scratch.sums.total.data(),
                 calls + batch.size() * columns.stride(), out);
}

}  // namespace igwas
