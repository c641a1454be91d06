// A fit without the samples whose call is missing, from the fit of everybody: the low-rank
// correction of docs/statistics.md, fast because the samples left out are few.
#pragma once

#include "igwas/aligned_buffer.hpp"
#include "igwas/cholesky.hpp"
#include "igwas/context.hpp"
#include "igwas/matrix_view.hpp"
#include "igwas/scan_model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace igwas {

/// The columns of a model in 16 bits, one row a sample: value = number x unit of its column. Half
/// of what float32 takes, so that gathering rows of few samples waits less for memory.
class CoarseColumns {
 public:
  CoarseColumns(Context const& context, MatrixView<double const> columns);

  [[nodiscard]] std::int16_t const* row(std::size_t sample) const noexcept {
    return values_.data() + sample * unit_.size();
  }
  [[nodiscard]] double unit(std::size_t column) const noexcept { return unit_[column]; }

 private:
  std::vector<double> unit_;
  AlignedBuffer<std::int16_t> values_;
};

/// One variant without the samples that have no call. One object for each thread and mask.
///
/// What is taken away from sums over everybody is a small share of them: it is summed over columns
/// in 16 bits, in float32. Where a z score might move by 1e-4, leave_out() refuses.
class DroppedFit {
 public:
  /// \param omnibus factor of the mask's omnibus cross-products; outlives the object.
  DroppedFit(MaskGroup const& group, CoarseColumns const& columns, Cholesky const& omnibus);

  /// Take `missing` samples of `n_samples` out. False if this is better done from the start: they
  /// are too many, or a covariate or a phenotype is left with little of its variance.
  ///
  /// \param fitted_share the sum of squares of what covariates explain of the genotype over that of
  /// the rest; without the intercept, if has_intercept().
  /// \param product (responses) about what explained() will be given: the nearer, the quicker.
  /// The memory of `missing` must stay until the last call for this variant.
  [[nodiscard]] bool leave_out(std::span<std::uint32_t const> missing, std::size_t n_samples,
                               double fitted_share, std::span<double const> product);

  /// `basis_product` : Q'g over samples with a call. Becomes L^-1 Q'g, with LL' = I - Q_M'Q_M.
  void solve_basis(std::span<double> basis_product) const {
    basis_factor_.solve_lower(basis_product);
  }
  /// Whether the first basis column is the intercept: what it explains is then not rounded.
  [[nodiscard]] bool has_intercept() const noexcept { return intercept_ != 0; }
  /// product (responses) += what the covariates of the samples left out explain.
  ///
  /// \param basis_product from solve_basis().
  /// \param missing sums of the model's columns over the samples left out.
  void add_to_product(std::span<double const> basis_product, double const* missing,
                      std::span<double> product);
  /// (responses) of the samples with a call.
  [[nodiscard]] std::span<double const> sum_of_squares() const noexcept { return sum_of_squares_; }

  /// u' A^-1 u, A the cross-products of the omnibus responses among samples with a call; NaN if it
  /// does not converge. By conjugate gradients: A is near to what it is for everybody, whose
  /// inverse is known.
  [[nodiscard]] double explained(std::span<double const> product);

 private:
  void guess(std::span<double const> product);
  void start_lost(std::span<double const> vector);
  void finish_lost(std::span<double const> vector, std::span<double> out);
  template <typename Use>
  void for_each_chunk(Use const& use);
  [[nodiscard]] double explained_by_rest(double explained, double share);
  [[nodiscard]] double solve_rest();
  [[nodiscard]] bool factor_basis();
  [[nodiscard]] bool subtract_squares();
  void take_tested_cross();
  void multiply_lost(std::span<double const> vector, std::span<double> out);
  void invert(Cholesky const& omnibus);
  void find_intercept();
  [[nodiscard]] double unit(std::size_t column) const noexcept {
    return columns_.unit(group_.responses_begin + column);
  }

  MaskGroup const& group_;
  CoarseColumns const& columns_;
  std::size_t n_columns_;  ///< responses and basis
  std::size_t width_;      ///< the same, padded
  double intercept_ = 0;  ///< the number in 16 bits that the first basis column is made of; 0: none
  double least_pivot_share_ = 1;  ///< of the omnibus responses
  double coarseness_ = 0;         ///< largest rounding of a response, of its standard deviation
  std::span<std::uint32_t const> missing_;
  // In units of the columns:
  AlignedBuffer<float> chunk_;    ///< (chunk rows, width)
  AlignedBuffer<float> outer_;    ///< (basis, width) Q_M' [R_M Q_M]
  AlignedBuffer<float> squares_;  ///< (width)
  Cholesky basis_factor_;
  std::vector<double> basis_gram_;
  std::vector<double> basis_floor_;
  std::vector<double> cross_;  ///< (basis, responses) L^-1 Q_M' R_M
  std::vector<double> sum_of_squares_;
  std::vector<std::size_t> tested_;   ///< responses of the omnibus test
  std::vector<double> tested_unit_;   ///< of their columns
  std::vector<double> tested_cross_;  ///< (basis, tested) of cross_
  std::vector<double> inverse_;       ///< (tested, tested) of their cross-products over everybody
  AlignedBuffer<float> vector_;       ///< (width)
  AlignedBuffer<float> lost_;         ///< (width)
  std::vector<double> guess_;         ///< (tested)
  // Conjugate gradients, (tested) each.
  std::vector<double> residual_;
  std::vector<double> solved_;
  std::vector<double> direction_;
  std::vector<double> image_;  ///< of the direction under the cross-products of everybody
  std::vector<double> full_image_;
  std::vector<double> cross_weight_;  ///< (basis)
};

}  // namespace igwas
