// The integers of a model's columns as signed bytes, in the order in which threads read them.
#pragma once

#include "igwas/context.hpp"
#include "igwas/fixed_columns.hpp"
#include "tile_shape.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace igwas::cuda {

/// Digits d with value = d[0] + 256 d[1] + 65536 d[2], each -128 to 127; |value| at most 2^20.
[[nodiscard]] std::array<std::int8_t, n_digits> digits_of(std::int32_t value) noexcept;

/// Lays out digits tile by tile.
///
/// One more column than the model's holds `checksum_value` for every sample: its sum is known from
/// the counts of a row, so that every row that comes back is checked. It stands where the model's
/// integers have a column of zeros, or after them.
class DigitColumns {
 public:
  /// Its three digits are 1.
  static constexpr std::int32_t checksum_value = 1 + 256 + 65536;

  explicit DigitColumns(FixedColumns const& columns);

  /// Columns of the sums, the one of the checksum included.
  [[nodiscard]] std::size_t columns() const noexcept { return n_columns_; }
  [[nodiscard]] std::size_t checksum_column() const noexcept { return checksum_column_; }
  [[nodiscard]] std::size_t units() const noexcept { return n_units_; }
  [[nodiscard]] std::size_t tiles() const noexcept {
    return (n_columns_ + tile_columns - 1) / tile_columns;
  }
  [[nodiscard]] std::size_t tile_bytes() const noexcept { return n_units_ * step_bytes; }

  /// All steps of one tile of columns: (units, step_bytes).
  void pack(Context const& context, std::size_t tile, std::vector<std::int8_t>& out) const;

 private:
  void pack_unit(std::size_t tile, std::size_t unit, std::int8_t* out) const;
  [[nodiscard]] std::int32_t value(std::size_t sample, std::size_t column) const noexcept;

  FixedColumns const& columns_;
  std::size_t n_units_;
  std::size_t checksum_column_;
  std::size_t n_columns_;
};

}  // namespace igwas::cuda
