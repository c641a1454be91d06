// What the products with columns in fixed point share: how they keep their sums, and how these
// become the sums of a batch.
#pragma once

#include "igwas/fixed_columns.hpp"
#include "igwas/sum_scratch.hpp"
#include "kernels/code_kernels.hpp"
#include "kernels/fixed_kernels.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace igwas {

struct BatchProducts;

/// What may be added to a partial sum before it is carried: in 32 bits so many limbs, in float64,
/// where whole numbers are exact, so many limbs times the code of a dosage.
template <typename Partial>
inline constexpr std::uint32_t most_weight = kernels::most_limbs;
template <>
inline constexpr std::uint32_t most_weight<double> = kernels::exact_rows;

/// total += partial; partial = 0.
void carry(std::int32_t* partial, std::int64_t* total, std::size_t n);
void carry(double* partial, std::int64_t* total, std::size_t n);

/// Exact sums, all zero at first, each `stride` integers.
template <typename Partial>
class ProductSums {
 public:
  ProductSums(SumScratch<Partial>& scratch, std::size_t n_sums, std::size_t stride)
      : scratch_(scratch), stride_(stride) {
    std::size_t const n = n_sums * stride;
    scratch.total.resize(n);
    scratch.partial.resize(n);
    std::fill_n(scratch.total.data(), n, std::int64_t{0});
    std::fill_n(scratch.partial.data(), n, Partial{0});
    scratch.weight.assign(n_sums, 0);
  }

  [[nodiscard]] std::int64_t* total(std::size_t sum) {
    return scratch_.total.data() + sum * stride_;
  }

  /// The partial sum, once there is room to add `weight` <= most_weight to it.
  [[nodiscard]] Partial* room_for(std::size_t sum, std::uint32_t weight) {
    if (scratch_.weight[sum] + weight > most_weight<Partial>) {
      carry(sum);
    }
    scratch_.weight[sum] += weight;
    return scratch_.partial.data() + sum * stride_;
  }

  void carry(std::size_t sum) {
    igwas::carry(scratch_.partial.data() + sum * stride_, total(sum), stride_);
    scratch_.weight[sum] = 0;
  }

 private:
  SumScratch<Partial>& scratch_;
  std::size_t stride_;
};

/// Fill `out` from the exact sums of every variant.
///
/// \param called (variants, stride), each integer over the called samples.
/// \param missing the same over those without a call.
void write_products(FixedColumns const& columns, std::size_t n_variants, std::int64_t const* called,
                    std::int64_t const* missing, BatchProducts& out);

/// The same of (2 x variants, stride): called sums, then missing sums.
inline void write_products(FixedColumns const& columns, std::size_t n_variants,
                           std::int64_t const* sums, BatchProducts& out) {
  write_products(columns, n_variants, sums, sums + n_variants * columns.stride(), out);
}

/// Room for the list of a tile of samples.
[[nodiscard]] inline kernels::WeightedRow* tile_list(AlignedBuffer<std::uint64_t>& memory) {
  static_assert(sizeof(kernels::WeightedRow) == sizeof(std::uint64_t));
  memory.resize(kernels::residual_tile + kernels::list_slack);
  return reinterpret_cast<kernels::WeightedRow*>(memory.data());
}

/// Ask for the genotypes of a variant. Rows are far apart: the machine does not foresee where the
/// next one is.
template <typename Code>
void prefetch(Code const* row, std::size_t n) noexcept {
  constexpr std::size_t line = 64 / sizeof(Code);
  for (std::size_t i = 0; i < n; i += line) {
    __builtin_prefetch(row + i);
  }
}

}  // namespace igwas
