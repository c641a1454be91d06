// Cholesky factors of small matrices: covariates (tens) and phenotypes (hundreds).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace igwas {

/// A lower triangular L with A[s][s] = L L' on a subset s of the rows.
///
/// Rows that depend linearly on those before are left out, so that a singular A is solved on the
/// space it spans.
class Cholesky {
 public:
  /// `a` : (n, n) symmetric, row-major; only the lower triangle is read. `floor` : (n) row i is
  /// kept if its pivot is above floor[i].
  void factor(std::span<double const> a, std::span<double const> floor);

  [[nodiscard]] std::size_t rank() const noexcept { return kept_.size(); }
  [[nodiscard]] std::span<std::size_t const> kept() const noexcept { return kept_; }
  /// L[row][column], column <= row, both of the kept ones.
  [[nodiscard]] double lower(std::size_t row, std::size_t column) const noexcept {
    return lower_[row * (row + 1) / 2 + column];
  }

  /// Smallest share of a kept row's variance that the rows before it leave: the inverse of its
  /// variance inflation. 1 if nothing is kept.
  ///
  /// \param a what was factored.
  [[nodiscard]] double least_pivot_share(std::span<double const> a, std::size_t n) const noexcept;

  /// In place: x (rank) becomes L^-1 x.
  void solve_lower(std::span<double> x) const noexcept;

  /// The same for `lanes` vectors side by side: x is (rank, lanes). Lanes do not touch each other.
  static constexpr std::size_t lanes = 16;
  void solve_lower_lanes(std::span<double> x) const noexcept;

  /// The same for the columns of a matrix (rank, n), row-major.
  void solve_lower_rows(std::span<double> x, std::size_t n) const noexcept;

 private:
  std::vector<double> lower_;  ///< packed rows of L
  std::vector<std::size_t> kept_;
};

}  // namespace igwas
