#include "igwas/fixed_columns.hpp"

#include "igwas/coefficient.hpp"
#include "igwas/thread_pool.hpp"
#include "kernels/fixed_kernels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace igwas {

namespace {

/// A limb is at most 2^20: 2047 of them, the most between two carries, fit a signed 32-bit sum.
constexpr int limb_bits = 20;
constexpr double limb = fixed_limb;
static_assert(limb == 1 << limb_bits);

/// Largest magnitude over root mean square above which one limb would be too coarse. Rounding
/// moves a z score by at most about 2^-21 x sqrt(3) times this ratio in standard deviations; five
/// of those stay below 1e-4 up to 24.
constexpr double largest_ratio = 16;

constexpr std::size_t task_rows = 4096;

/// Uniform in [0, 1), the same for the same sample and value: what a value is rounded with, so that
/// equal values of many samples are not all off in the same direction.
[[nodiscard]] double uniform_of(std::size_t sample, double value) noexcept {
  std::uint64_t bits = std::bit_cast<std::uint64_t>(value) ^
                       (static_cast<std::uint64_t>(sample) * 0x9E3779B97F4A7C15U);
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
  bits ^= bits >> 31;
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

[[nodiscard]] std::vector<double> largest_magnitudes(MatrixView<double const> columns) {
  std::vector<double> largest(columns.columns, 0.0);
  for (std::size_t i = 0; i < columns.rows; ++i) {
    double const* row = columns.row(i);
    for (std::size_t k = 0; k < columns.columns; ++k) {
      largest[k] = std::max(largest[k], std::abs(row[k]));
    }
  }
  return largest;
}

[[nodiscard]] std::size_t round_up(std::size_t n, std::size_t multiple) noexcept {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace

FixedColumns::FixedColumns(Context const& context, MatrixView<double const> columns,
                           std::span<std::uint8_t const> limbs)
    : samples_(columns.rows),
      rows_(round_up(columns.rows, kernels::row_multiple)),
      unit_(columns.columns, 1.0),
      scale_(columns.columns, 0.0),
      low_limb_(columns.columns, 0) {
  std::size_t const width = place_limbs(limbs, largest_magnitudes(columns));
  stride_ = round_up(width, kernels::strip_columns);
  values_.resize(rows_ * stride_);
  run_tasks(context, (samples_ + task_rows - 1) / task_rows,
            [&](std::size_t task, std::size_t) {
              fill(columns, task * task_rows, std::min(samples_, (task + 1) * task_rows));
            },
            {});
}

std::size_t FixedColumns::place_limbs(std::span<std::uint8_t const> limbs,
                                      std::span<double const> largest) {
  std::size_t width = limbs.size();
  for (std::size_t k = 0; k < limbs.size(); ++k) {
    if (limbs[k] == 2) {
      has_low_limbs_ = true;
      low_limb_[k] = width++;
    }
    if (largest[k] <= 0) {
      continue;
    }
    if (limbs[k] == 2) {
      // A power of two, so that scaling rounds nothing; largest < 2^exponent.
      int const exponent = std::ilogb(largest[k]) + 1;
      unit_[k] = std::ldexp(1.0, exponent - 2 * limb_bits);
      scale_[k] = std::ldexp(1.0, 2 * limb_bits - exponent);
    } else {
      unit_[k] = largest[k] / limb;
      scale_[k] = limb / largest[k];
    }
  }
  return width;
}

void FixedColumns::fill(MatrixView<double const> columns, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    double const* row = columns.row(i);
    std::int32_t* out = values_.data() + kernels::row_of_sample(i) * stride_;
    for (std::size_t k = 0; k < columns.columns; ++k) {
      double const scaled = row[k] * scale_[k];
      if (low_limb_[k] == 0) {
        // The largest magnitude times its own scale may round to just above a limb.
        out[k] = static_cast<std::int32_t>(
            std::clamp(std::floor(scaled + uniform_of(i, row[k])), -limb, limb));
        continue;
      }
      std::int64_t const whole = std::llrint(scaled);
      // To the nearest, so that the low limb is at most half a unit of the high one.
      std::int64_t const high = (whole + (std::int64_t{1} << (limb_bits - 1))) >> limb_bits;
      out[k] = static_cast<std::int32_t>(high);
      out[low_limb_[k]] = static_cast<std::int32_t>(whole - (high << limb_bits));
    }
  }
}

void FixedColumns::values(std::int64_t const* sums, double* out) const noexcept {
  std::size_t const n = unit_.size();
  if (!has_low_limbs_) {
    for (std::size_t k = 0; k < n; ++k) {
      out[k] = static_cast<double>(sums[k]) * unit_[k];
    }
    return;
  }
  for (std::size_t k = 0; k < n; ++k) {
    bool const has_low = low_limb_[k] != 0;
    out[k] = column_value(sums[k], has_low ? sums[low_limb_[k]] : 0, has_low, unit_[k]);
  }
}

std::vector<std::uint8_t> sufficient_limbs(MatrixView<double const> columns) {
  std::vector<double> const largest = largest_magnitudes(columns);
  std::vector<double> sum(columns.columns, 0.0);
  // Zeros are samples outside the mask: they are rounded to themselves.
  std::vector<double> count(columns.columns, 0.0);
  for (std::size_t i = 0; i < columns.rows; ++i) {
    double const* row = columns.row(i);
    for (std::size_t k = 0; k < columns.columns; ++k) {
      double const share = largest[k] > 0 ? row[k] / largest[k] : 0.0;
      sum[k] += share * share;
      count[k] += row[k] != 0 ? 1.0 : 0.0;
    }
  }
  std::vector<std::uint8_t> limbs(columns.columns, 1);
  for (std::size_t k = 0; k < columns.columns; ++k) {
    limbs[k] = sum[k] * largest_ratio * largest_ratio < count[k] ? 2 : 1;
  }
  return limbs;
}

}  // namespace igwas
