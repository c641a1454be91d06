// The product of hard calls with the columns of a model in fixed point: exact integer sums.
//
// Columns are rounded once, to one or two limbs of 20 bits and a sign; after that every sum is
// exact, so the result does not depend on order: not on threads, batches, tiles or instruction
// sets.
#pragma once

#include "igwas/genotype_batch.hpp"
#include "igwas/matrix_view.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace igwas {

struct BatchProducts;

/// Memory on cache line boundaries, in huge pages where the system has them.
template <typename T>
class AlignedBuffer {
 public:
  /// Make room for n values; their content is lost. New memory is zero.
  void resize(std::size_t n);
  [[nodiscard]] T* data() noexcept { return data_.get(); }
  [[nodiscard]] T const* data() const noexcept { return data_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Free {
    void operator()(T* pointer) const noexcept;
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

extern template class AlignedBuffer<std::int32_t>;
extern template class AlignedBuffer<std::int64_t>;
extern template class AlignedBuffer<std::uint16_t>;

/// Columns of a model as integers: value = (high x 2^20 + low) x unit, or high x unit.
///
/// With two limbs a column is rounded to 2^-40 of its largest magnitude: about what float64 sums of
/// it would lose. With one, to 2^-20: the error of a z score is then about 1e-6.
class FixedColumns {
 public:
  /// `limbs` : (columns) 1 or 2.
  FixedColumns(MatrixView<double const> columns, std::span<std::uint8_t const> limbs);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t columns() const noexcept { return unit_.size(); }
  /// Integers from one row to the next, a multiple of 16: high limbs, low limbs, zeros.
  [[nodiscard]] std::size_t stride() const noexcept { return stride_; }
  [[nodiscard]] std::int32_t const* data() const noexcept { return values_.data(); }

  /// Sum of column k from sums over the integers of a row.
  [[nodiscard]] double value(std::size_t k, std::int64_t const* sums) const noexcept;

 private:
  std::size_t rows_;
  std::size_t stride_ = 0;
  AlignedBuffer<std::int32_t> values_;
  std::vector<double> unit_;           ///< of the lowest limb
  std::vector<std::size_t> low_limb_;  ///< place of the low limb; 0: none
};

/// What a thread keeps between batches.
struct FixedScratch {
  AlignedBuffer<std::int64_t> total;    ///< (2 x variants, stride) called sums, then missing sums
  AlignedBuffer<std::int32_t> partial;  ///< the same, not yet carried into `total`
  AlignedBuffer<std::int32_t> strip;    ///< (planes, 16)
  AlignedBuffer<std::int32_t> table;
  AlignedBuffer<std::uint16_t> code;
  AlignedBuffer<std::uint16_t> entry;
  std::vector<std::uint16_t> entry_count;
  std::vector<std::uint32_t> weight;
};

/// Which way each variant takes, by counts: see docs/decisions.
struct FixedCrossover {
  double list_share = 0.12;  ///< called samples that are not zero: below it, lists only
  double pair_share = 0.07;  ///< samples with two counted alleles: above it, a table for them too
};

/// The instruction set that the product uses: `generic`, `avx2` or `avx512`. The best the machine
/// has, unless the environment variable IGWAS_SIMD names a lower one.
[[nodiscard]] char const* simd_level() noexcept;

/// Fill `out` like multiply() does, from hard calls.
///
/// \param batch of Kind::calls, prepared.
void multiply_fixed(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                    FixedScratch& scratch, FixedCrossover crossover = {});

}  // namespace igwas
