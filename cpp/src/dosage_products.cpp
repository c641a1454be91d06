#include "igwas/dosage_products.hpp"

#include "dense_product.hpp"
#include "igwas/dot_products.hpp"
#include "kernels/dosage_kernels.hpp"

#include <algorithm>

namespace igwas {

using kernels::DenseCodes;
using kernels::dosage_kernels;
using kernels::DosageKernels;
using kernels::fixed_kernels;
using kernels::WeightedRow;

namespace {

/// A limb is at most 2^20: 2047 of them, the most between two carries, fit a signed 32-bit sum.
constexpr std::uint32_t most_weight = 2047;

/// No variant has more entries in its lists, as a share of the samples.
constexpr double most_entries = 2;

/// Rows of bytes are far apart: the machine does not foresee where the next one is.
void prefetch(std::uint8_t const* bytes, std::size_t n) noexcept {
  constexpr std::size_t line = 64;
  for (std::size_t i = 0; i < n; i += line) {
    __builtin_prefetch(bytes + i);
  }
}

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
        stride_(columns.stride()) {}

  void run(bool sums_missing, DosageCrossover const& crossover) {
    FixedCrossover const calls = crossover_of_calls(crossover);
    choose(crossover, calls.list_share);
    sum_calls(batch_, columns_, scratch_.fixed, is_dense_, sums_missing, calls);
    std::size_t const n_sums = batch_.size() * stride_;
    scratch_.total.resize(n_sums);
    scratch_.partial.resize(n_sums);
    std::fill_n(scratch_.total.data(), n_sums, std::int64_t{0});
    std::fill_n(scratch_.partial.data(), n_sums, std::int32_t{0});
    scratch_.weight.assign(batch_.size(), 0);
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
    is_dense_.assign(batch_.size(), 0);
    double saved = 0;
    for (std::size_t v = 0; v < batch_.size(); ++v) {
      double const residuals = share(batch_.call_shape(v).n_fractional);
      double const sparse = std::min(call_entries(v), most) + crossover.residual * residuals;
      is_dense_[v] = sparse > crossover.dense;
      saved += std::max(0.0, sparse - crossover.dense);
    }
    if (saved <= crossover.dense_build) {
      std::ranges::fill(is_dense_, std::uint8_t{0});
    }
    for (std::uint32_t v = 0; v < batch_.size(); ++v) {
      if (is_dense_[v] != 0) {
        dense_.push_back(v);
      } else if (batch_.call_shape(v).n_fractional != 0) {
        sparse_.push_back(v);
      }
    }
  }

  void add_residuals() {
    constexpr std::size_t capacity = kernels::residual_tile + kernels::list_slack;
    static_assert(sizeof(WeightedRow) == sizeof(std::uint64_t));
    scratch_.entry.resize(capacity);
    auto* const entry = reinterpret_cast<WeightedRow*>(scratch_.entry.data());
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
      carry(variant);
    }
  }

  void add_entries(std::size_t first, WeightedRow const* entry, std::size_t n, std::uint32_t weight,
                   std::uint32_t variant) {
    std::int32_t const* const rows = columns_.data() + first * stride_;
    std::int32_t* const sums = scratch_.partial.data() + variant * stride_;
    if (scratch_.weight[variant] + weight > most_weight) {
      carry(variant);
    }
    if (weight <= most_weight) {
      scratch_.weight[variant] += weight;
      kernel_.add_weighted(rows, stride_, entry, n, sums);
      return;
    }
    for (std::size_t from = 0; from < n; from += kernels::sure_entries) {
      kernel_.add_weighted(rows, stride_, entry + from, std::min(kernels::sure_entries, n - from),
                           sums);
      carry(variant);
    }
  }

  void carry(std::uint32_t variant) {
    fixed_kernels().carry(scratch_.partial.data() + variant * stride_,
                          scratch_.total.data() + variant * stride_, stride_);
    scratch_.weight[variant] = 0;
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
      product.add_to(scratch_.total.data() + dense_[i] * stride_, i, 1);
    }
  }

  /// Calls of dense variants are left out, so their sums are zero here.
  void finish() {
    std::int64_t const* const calls = scratch_.fixed.total.data();
    std::int64_t* const total = scratch_.total.data();
    for (std::size_t i = 0; i < batch_.size() * stride_; ++i) {
      total[i] += kernels::one_copy_code * calls[i];
    }
  }

  GenotypeBatch const& batch_;
  FixedColumns const& columns_;
  DosageScratch& scratch_;
  DosageKernels const& kernel_;
  std::size_t stride_;
  std::vector<std::uint8_t> is_dense_;
  std::vector<std::uint32_t> dense_;
  std::vector<std::uint32_t> sparse_;  ///< with residuals
};

}  // namespace

void multiply_dosages(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                      DosageScratch& scratch, bool sums_missing, DosageCrossover crossover) {
  DosageProduct(batch, columns, scratch).run(sums_missing, crossover);
  std::size_t const n_columns = columns.columns();
  std::size_t const stride = columns.stride();
  out.n_columns = n_columns;
  out.called.resize(batch.size() * n_columns);
  out.missing.resize(batch.size() * n_columns);
  for (std::size_t v = 0; v < batch.size(); ++v) {
    columns.values(scratch.total.data() + v * stride, out.called.data() + v * n_columns);
    columns.values(scratch.fixed.total.data() + (batch.size() + v) * stride,
                   out.missing.data() + v * n_columns);
  }
}

}  // namespace igwas
