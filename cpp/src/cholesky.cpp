#include "igwas/cholesky.hpp"

#include "igwas/dot.hpp"

#include <cmath>

namespace igwas {

namespace {

[[nodiscard]] constexpr std::size_t row_start(std::size_t row) noexcept {
  return row * (row + 1) / 2;
}

}  // namespace

void Cholesky::factor(std::span<double const> a, std::span<double const> floor) {
  std::size_t const n = floor.size();
  kept_.clear();
  lower_.clear();
  std::vector<double> row;
  for (std::size_t i = 0; i < n; ++i) {
    row.resize(kept_.size());
    for (std::size_t j = 0; j < kept_.size(); ++j) {
      row[j] = a[i * n + kept_[j]];
    }
    solve_lower(row);
    double pivot = a[i * n + i];
    for (double const x : row) {
      pivot -= x * x;
    }
    if (!(pivot > floor[i])) {
      continue;
    }
    lower_.insert(lower_.end(), row.begin(), row.end());
    lower_.push_back(std::sqrt(pivot));
    kept_.push_back(i);
  }
}

void Cholesky::solve_lower(std::span<double> x) const noexcept {
  for (std::size_t i = 0; i < x.size(); ++i) {
    double const* row = lower_.data() + row_start(i);
    x[i] = (x[i] - dot(row, x.data(), i)) / row[i];
  }
}

}  // namespace igwas
