#include "igwas/cholesky.hpp"

#include "igwas/dot.hpp"
#include "igwas/multiversion.hpp"

#include <algorithm>
#include <cmath>

namespace igwas {

namespace {

[[nodiscard]] constexpr std::size_t row_start(std::size_t row) noexcept {
  return row * (row + 1) / 2;
}

typedef double Lane __attribute__((vector_size(32), aligned(8), may_alias));
constexpr std::size_t lane_width = sizeof(Lane) / sizeof(double);
constexpr std::size_t n_lanes = Cholesky::lanes / lane_width;

/// Each row of x minus what those above it explain; one factor is read for all lanes.
IGWAS_MULTIVERSION
void solve_lanes(double const* lower, std::size_t rank, double* x) noexcept {
  Lane* const rows = reinterpret_cast<Lane*>(x);  // auto would forget how it is aligned
  for (std::size_t i = 0; i < rank; ++i) {
    Lane rest[n_lanes];
    for (std::size_t lane = 0; lane < n_lanes; ++lane) {
      rest[lane] = rows[i * n_lanes + lane];
    }
    double const* row = lower + row_start(i);
    for (std::size_t j = 0; j < i; ++j) {
      for (std::size_t lane = 0; lane < n_lanes; ++lane) {
        rest[lane] -= row[j] * rows[j * n_lanes + lane];
      }
    }
    for (std::size_t lane = 0; lane < n_lanes; ++lane) {
      rows[i * n_lanes + lane] = rest[lane] / row[i];
    }
  }
}

/// Each row minus what those above it explain, all columns at once.
IGWAS_MULTIVERSION
void solve_rows(double const* lower, std::size_t rank, std::size_t n, double* x) noexcept {
  for (std::size_t i = 0; i < rank; ++i) {
    double const* weight = lower + row_start(i);
    double* row = x + i * n;
    for (std::size_t j = 0; j < i; ++j) {
      for (std::size_t k = 0; k < n; ++k) {
        row[k] -= weight[j] * x[j * n + k];
      }
    }
    for (std::size_t k = 0; k < n; ++k) {
      row[k] /= weight[i];
    }
  }
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

double Cholesky::least_pivot_share(std::span<double const> a, std::size_t n) const noexcept {
  double least = 1;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    double const pivot = lower_[i * (i + 1) / 2 + i];
    least = std::min(least, pivot * pivot / a[kept_[i] * n + kept_[i]]);
  }
  return least;
}

void Cholesky::solve_lower(std::span<double> x) const noexcept {
  for (std::size_t i = 0; i < x.size(); ++i) {
    double const* row = lower_.data() + row_start(i);
    x[i] = (x[i] - dot(row, x.data(), i)) / row[i];
  }
}

void Cholesky::solve_lower_lanes(std::span<double> x) const noexcept {
  solve_lanes(lower_.data(), rank(), x.data());
}

void Cholesky::solve_lower_rows(std::span<double> x, std::size_t n) const noexcept {
  solve_rows(lower_.data(), rank(), n, x.data());
}

}  // namespace igwas
