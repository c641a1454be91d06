// The columns of a model as integers, in the order in which the fixed-point product reads them.
#pragma once

#include "igwas/aligned_buffer.hpp"
#include "igwas/context.hpp"
#include "igwas/matrix_view.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace igwas {

/// Columns of a model as integers: value = (high x 2^20 + low) x unit, or high x unit.
///
/// With two limbs a column is rounded to 2^-40 of its largest magnitude: about what float64 sums of
/// it would lose. With one, to 2^-20: the error of a z score is then about 1e-6 for a column that
/// is near to normal, and grows with the ratio of its largest magnitude to its typical one.
///
/// Samples are not in their own order: see kernels::row_of_sample. Rows of no sample are zero.
class FixedColumns {
 public:
  /// `limbs` : (columns) 1 or 2.
  FixedColumns(Context const& context, MatrixView<double const> columns,
               std::span<std::uint8_t const> limbs);

  /// Rows, those of no sample included.
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t samples() const noexcept { return samples_; }
  [[nodiscard]] std::size_t columns() const noexcept { return unit_.size(); }
  /// Integers from one row to the next, a multiple of 16: high limbs, low limbs, zeros.
  [[nodiscard]] std::size_t stride() const noexcept { return stride_; }
  [[nodiscard]] std::int32_t const* data() const noexcept { return values_.data(); }

  /// What one in the lowest limb of a column is worth.
  [[nodiscard]] double unit(std::size_t column) const noexcept { return unit_[column]; }
  /// Place of a column's low limb in a row; 0: it has none.
  [[nodiscard]] std::size_t low_limb(std::size_t column) const noexcept {
    return low_limb_[column];
  }

  /// Columns of a row of sums, (columns) each, from sums over the integers of a row.
  void values(std::int64_t const* sums, double* out) const noexcept;

 private:
  [[nodiscard]] std::size_t place_limbs(std::span<std::uint8_t const> limbs,
                                        std::span<double const> largest);
  void fill(MatrixView<double const> columns, std::size_t first, std::size_t last);

  std::size_t samples_;
  std::size_t rows_;
  std::size_t stride_ = 0;
  AlignedBuffer<std::int32_t> values_;
  std::vector<double> unit_;           ///< of the lowest limb
  std::vector<double> scale_;          ///< its inverse; 0 for a column of zeros
  std::vector<std::size_t> low_limb_;  ///< place of the low limb; 0: none
  bool has_low_limbs_ = false;
};

/// Limbs that each column needs so that a z score is off by less than 1e-4: one, or two where a
/// few samples are far out, since a column is rounded relative to its largest magnitude.
[[nodiscard]] std::vector<std::uint8_t> sufficient_limbs(MatrixView<double const> columns);

}  // namespace igwas
