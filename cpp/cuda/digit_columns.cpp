#include "digit_columns.hpp"

#include "igwas/thread_pool.hpp"
#include "kernels/fixed_kernels.hpp"

#include <algorithm>

namespace igwas::cuda {

namespace {

constexpr std::size_t task_units = 64;

/// The first column without a value, or the one past the last.
[[nodiscard]] std::size_t first_of_zeros(FixedColumns const& columns) {
  std::vector<std::uint8_t> has_values(columns.stride(), 0);
  for (std::size_t row = 0; row < columns.rows(); ++row) {
    std::int32_t const* values = columns.data() + row * columns.stride();
    for (std::size_t k = 0; k < columns.stride(); ++k) {
      has_values[k] |= values[k] != 0 ? 1 : 0;
    }
  }
  return static_cast<std::size_t>(std::ranges::find(has_values, 0) - has_values.begin());
}

}  // namespace

std::array<std::int8_t, n_digits> digits_of(std::int32_t value) noexcept {
  std::array<std::int8_t, n_digits> digits{};
  for (std::int8_t& digit : digits) {
    std::int32_t const low = ((value + 128) & 255) - 128;
    digit = static_cast<std::int8_t>(low);
    value = (value - low) / 256;
  }
  return digits;
}

DigitColumns::DigitColumns(FixedColumns const& columns)
    : columns_(columns),
      n_units_(columns.rows() / unit_samples),
      checksum_column_(first_of_zeros(columns)),
      n_columns_(std::max(columns.stride(), checksum_column_ + 1)) {
  static_assert(kernels::row_multiple % unit_samples == 0);
}

std::int32_t DigitColumns::value(std::size_t sample, std::size_t column) const noexcept {
  if (sample >= columns_.samples()) {
    return 0;
  }
  if (column == checksum_column_) {
    return checksum_value;
  }
  if (column >= columns_.stride()) {
    return 0;
  }
  return columns_.data()[kernels::row_of_sample(sample) * columns_.stride() + column];
}

void DigitColumns::pack_unit(std::size_t tile, std::size_t unit, std::int8_t* out) const {
  constexpr std::size_t groups = tile_columns / mma_columns;
  for (std::size_t half = 0; half < 2; ++half) {
    for (std::size_t group = 0; group < groups; ++group) {
      for (std::size_t lane = 0; lane < warp_threads; ++lane) {
        std::size_t const column = tile * tile_columns + group * mma_columns + lane / 4;
        // A thread holds eight samples, those at even places first: as CallRows::bytes().
        std::size_t const first = unit * unit_samples + 16 * (lane % 4) + 8 * half;
        for (std::size_t i = 0; i < 8; ++i) {
          auto const digits = digits_of(value(first + i, column));
          for (std::size_t d = 0; d < n_digits; ++d) {
            std::size_t const fragment = (half * groups + group) * n_digits + d;
            out[(fragment * warp_threads + lane) * 8 + i / 2 + 4 * (i % 2)] = digits[d];
          }
        }
      }
    }
  }
}

void DigitColumns::pack(Context const& context, std::size_t tile,
                        std::vector<std::int8_t>& out) const {
  out.resize(tile_bytes());
  run_tasks(context, (n_units_ + task_units - 1) / task_units,
            [&](std::size_t task, std::size_t) {
              std::size_t const last = std::min(n_units_, (task + 1) * task_units);
              for (std::size_t unit = task * task_units; unit < last; ++unit) {
                pack_unit(tile, unit, out.data() + unit * step_bytes);
              }
            },
            {});
}

}  // namespace igwas::cuda
