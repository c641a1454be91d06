#include "igwas/dropped_fit.hpp"

#include "igwas/dot.hpp"
#include "igwas/multiversion.hpp"
#include "igwas/thread_pool.hpp"
#include "kernels/dropped_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace igwas {

namespace {

/// Rows that are multiplied while the next are on their way from memory.
constexpr std::size_t chunk_rows = 32;
constexpr std::size_t task_rows = 4096;

/// Above this share of samples left out, or below this share of variance kept, a fit from the start
/// loses less to rounding, and costs no more.
constexpr double most_missing_share = 0.15;
constexpr double least_kept_share = 0.25;

/// Conjugate gradients end when the next step is expected to add less than this share, from how
/// much less the last one added than the one before.
constexpr double least_step_share = 1e-9;
constexpr int most_steps = 30;

/// Of the 16-bit columns. Rounding moves a value by a uniform number of at most half a unit.
constexpr double largest_coarse = 32767;
constexpr double rounding_deviation = 0.29;
/// A z score may move by five standard deviations of its rounding error, no more than this.
constexpr double most_z_error = 1e-4 / 5;

/// out = matrix x vector, both symmetric and in place.
IGWAS_MULTIVERSION
void multiply_symmetric(double const* matrix, double const* vector, std::size_t n, double* out) {
  std::fill_n(out, n, 0.0);
  for (std::size_t j = 0; j < n; ++j) {
    double const weight = vector[j];
    double const* row = matrix + j * n;
    for (std::size_t i = 0; i < n; ++i) {
      out[i] += weight * row[i];
    }
  }
}

/// to += weight x from.
IGWAS_MULTIVERSION
void add_scaled(double const* from, double weight, std::size_t n, double* to) {
  for (std::size_t i = 0; i < n; ++i) {
    to[i] += weight * from[i];
  }
}

/// sums -= row^2.
IGWAS_MULTIVERSION
void subtract_square(double const* row, std::size_t n, double* sums) {
  for (std::size_t i = 0; i < n; ++i) {
    sums[i] -= row[i] * row[i];
  }
}

[[nodiscard]] std::size_t round_up(std::size_t n, std::size_t multiple) noexcept {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace

CoarseColumns::CoarseColumns(Context const& context, MatrixView<double const> columns)
    : unit_(columns.columns, 0.0) {
  for (std::size_t i = 0; i < columns.rows; ++i) {
    for (std::size_t k = 0; k < columns.columns; ++k) {
      unit_[k] = std::max(unit_[k], std::fabs(columns.row(i)[k]) / largest_coarse);
    }
  }
  values_.resize(columns.rows * columns.columns);
  run_tasks(context, (columns.rows + task_rows - 1) / task_rows,
            [&](std::size_t task, std::size_t) {
              std::size_t const last = std::min(columns.rows, (task + 1) * task_rows);
              for (std::size_t i = task * task_rows; i < last; ++i) {
                std::int16_t* const out = values_.data() + i * columns.columns;
                for (std::size_t k = 0; k < columns.columns; ++k) {
                  double const whole =
                      unit_[k] > 0 ? std::nearbyint(columns.row(i)[k] / unit_[k]) : 0.0;
                  out[k] = static_cast<std::int16_t>(whole);
                }
              }
            },
            {});
}

DroppedFit::DroppedFit(MaskGroup const& group, CoarseColumns const& columns,
                       Cholesky const& omnibus)
    : group_(group),
      columns_(columns),
      n_columns_(group.n_responses + group.n_basis),
      width_(round_up(n_columns_, kernels::dropped_lane)),
      basis_floor_(group.n_basis, least_kept_share) {
  outer_.resize(std::max<std::size_t>(1, group.n_basis) * width_);
  squares_.resize(width_);
  chunk_.resize(chunk_rows * width_);
  vector_.resize(width_);
  lost_.resize(width_);
  cross_.resize(group.n_basis * group.n_responses);
  sum_of_squares_.resize(group.n_responses);
  cross_weight_.resize(group.n_basis);
  for (std::size_t const i : omnibus.kept()) {
    tested_.push_back(group.omnibus_response[i]);
  }
  for (auto* values : {&residual_, &solved_, &direction_, &image_, &full_image_}) {
    values->resize(tested_.size());
  }
  auto const n_members = static_cast<double>(
      std::ranges::count_if(group.is_member, [](std::uint8_t member) { return member != 0; }));
  for (std::size_t k = 0; k < group.n_responses; ++k) {
    double const variance = group.sum_of_squares[k] / n_members;
    if (variance > 0) {
      coarseness_ = std::max(coarseness_, rounding_deviation * unit(k) / std::sqrt(variance));
    }
  }
  find_intercept();
  invert(omnibus);
}

/// A column that is the same for everybody is one number in 16 bits, and nothing of it is rounded.
void DroppedFit::find_intercept() {
  if (group_.n_basis == 0) {
    return;
  }
  std::int16_t value = 0;
  for (std::size_t i = 0; i < group_.is_member.size(); ++i) {
    if (group_.is_member[i] == 0) {
      continue;
    }
    std::int16_t const found = columns_.row(i)[group_.basis_begin];
    if (found == 0 || (value != 0 && found != value)) {
      return;
    }
    value = found;
  }
  intercept_ = static_cast<double>(value);
}

void DroppedFit::invert(Cholesky const& omnibus) {
  std::size_t const n = tested_.size();
  constexpr std::size_t lanes = Cholesky::lanes;
  // L^-1, sixteen columns of it at a time; kept by rows of its transpose.
  std::vector<double> columns(round_up(n, lanes) * n);
  std::vector<double> unit(n * lanes);
  for (std::size_t first = 0; first < n; first += lanes) {
    std::ranges::fill(unit, 0.0);
    for (std::size_t lane = 0; lane < lanes && first + lane < n; ++lane) {
      unit[(first + lane) * lanes + lane] = 1;
    }
    omnibus.solve_lower_lanes(unit);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      for (std::size_t i = 0; i < n; ++i) {
        columns[(first + lane) * n + i] = unit[i * lanes + lane];
      }
    }
  }
  inverse_.resize(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      // The first i rows of column i of L^-1 are zero.
      inverse_[i * n + j] = dot(&columns[i * n + i], &columns[j * n + i], n - i);
      inverse_[j * n + i] = inverse_[i * n + j];
    }
  }
}

bool DroppedFit::leave_out(std::span<std::uint32_t const> missing, std::size_t n_samples,
                           double fitted_share) {
  double const missing_share = static_cast<double>(missing.size()) / static_cast<double>(n_samples);
  // A phenotype's product is corrected by the fitted genotypes of the samples left out.
  double const z_error = coarseness_ * std::sqrt(missing_share * fitted_share);
  bool const is_contiguous = group_.basis_begin == group_.responses_begin + group_.n_responses;
  if (!is_contiguous || missing_share > most_missing_share || !(z_error < most_z_error)) {
    return false;
  }
  gather(missing);
  return factor_basis() && subtract_squares();
}

void DroppedFit::gather(std::span<std::uint32_t const> missing) {
  n_missing_ = missing.size();
  rows_.resize(n_missing_ * width_);
  std::fill_n(outer_.data(), outer_.size(), 0.0F);
  std::fill_n(squares_.data(), width_, 0.0F);
  auto const row_of = [&](std::size_t i) {
    return columns_.row(missing[i]) + group_.responses_begin;
  };
  auto const ask_for = [&](std::size_t first, std::size_t last) {
    constexpr std::size_t line_numbers = 32;
    for (std::size_t i = first; i < std::min(last, n_missing_); ++i) {
      for (std::size_t k = 0; k < n_columns_; k += line_numbers) {
        __builtin_prefetch(row_of(i) + k);
      }
    }
  };
  auto const& kernel = kernels::dropped_kernels();
  ask_for(0, chunk_rows);
  for (std::size_t first = 0; first < n_missing_; first += chunk_rows) {
    std::size_t const n = std::min(chunk_rows, n_missing_ - first);
    ask_for(first + chunk_rows, first + 2 * chunk_rows);
    for (std::size_t i = first; i < first + n; ++i) {
      std::int16_t* to = rows_.data() + i * width_;
      std::copy_n(row_of(i), n_columns_, to);
      std::fill(to + n_columns_, to + width_, std::int16_t{0});
    }
    // Of a few rows at a time: all of them as floats would not stay in the second-level cache.
    kernel.widen(rows_.data() + first * width_, n * width_, chunk_.data());
    kernel.add_outer(chunk_.data(), n, width_, group_.n_responses, group_.n_basis, outer_.data(),
                     squares_.data());
  }
}

/// A = I - Q_M'Q_M: what is left of the basis among samples with a call.
bool DroppedFit::factor_basis() {
  std::size_t const n_basis = group_.n_basis;
  basis_gram_.resize(n_basis * n_basis);
  for (std::size_t a = 0; a < n_basis; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      double const lost = unit(group_.n_responses + a) * unit(group_.n_responses + b) *
                          static_cast<double>(outer_.data()[a * width_ + group_.n_responses + b]);
      basis_gram_[a * n_basis + b] = (a == b ? 1.0 : 0.0) - lost;
    }
  }
  basis_factor_.factor(basis_gram_, basis_floor_);
  return basis_factor_.rank() == n_basis;
}

bool DroppedFit::subtract_squares() {
  std::size_t const n_responses = group_.n_responses;
  for (std::size_t k = 0; k < n_responses; ++k) {
    sum_of_squares_[k] =
        group_.sum_of_squares[k] - unit(k) * unit(k) * static_cast<double>(squares_.data()[k]);
  }
  for (std::size_t c = 0; c < group_.n_basis; ++c) {
    double const basis_unit = unit(n_responses + c);
    for (std::size_t k = 0; k < n_responses; ++k) {
      cross_[c * n_responses + k] =
          basis_unit * unit(k) * static_cast<double>(outer_.data()[c * width_ + k]);
    }
  }
  basis_factor_.solve_lower_rows(cross_, n_responses);
  for (std::size_t c = 0; c < group_.n_basis; ++c) {
    subtract_square(cross_.data() + c * n_responses, n_responses, sum_of_squares_.data());
  }
  for (std::size_t k = 0; k < n_responses; ++k) {
    if (!(sum_of_squares_[k] >= least_kept_share * group_.sum_of_squares[k])) {
      return false;
    }
  }
  return true;
}

void DroppedFit::add_to_product(std::span<double const> basis_product, double const* missing,
                                std::span<double> product) {
  for (std::size_t c = 0; c < group_.n_basis; ++c) {
    add_scaled(cross_.data() + c * group_.n_responses, basis_product[c], group_.n_responses,
               product.data());
  }
  if (intercept_ == 0 || n_missing_ == 0) {
    return;
  }
  // Most of what is fitted is one number for everybody, the mean: what it adds is known without
  // rounding from the sums over the samples left out.
  std::copy_n(missing + group_.basis_begin, group_.n_basis, cross_weight_.begin());
  basis_factor_.solve_lower(cross_weight_);
  double const mean = dot(basis_product.data(), cross_weight_.data(), group_.n_basis) /
                      static_cast<double>(n_missing_);
  for (std::size_t k = 0; k < group_.n_responses; ++k) {
    double const rounded = unit(k) * static_cast<double>(outer_.data()[k]) / intercept_;
    product[k] += mean * (missing[group_.responses_begin + k] - rounded);
  }
}

/// out = (R_M'R_M + C'C) vector, over the omnibus responses; C is cross_.
void DroppedFit::multiply_lost(std::span<double const> vector, std::span<double> out) {
  auto const& kernel = kernels::dropped_kernels();
  weight_.resize(n_missing_);
  std::fill_n(vector_.data(), width_, 0.0F);
  for (std::size_t i = 0; i < tested_.size(); ++i) {
    vector_.data()[tested_[i]] = static_cast<float>(unit(tested_[i]) * vector[i]);
  }
  kernel.dot_rows(rows_.data(), n_missing_, width_, vector_.data(), weight_.data());
  kernel.combine_rows(rows_.data(), n_missing_, width_, weight_.data(), lost_.data());
  std::ranges::fill(cross_weight_, 0.0);
  for (std::size_t c = 0; c < group_.n_basis; ++c) {
    double const* row = cross_.data() + c * group_.n_responses;
    for (std::size_t i = 0; i < tested_.size(); ++i) {
      cross_weight_[c] += row[tested_[i]] * vector[i];
    }
  }
  for (std::size_t i = 0; i < tested_.size(); ++i) {
    out[i] = unit(tested_[i]) * static_cast<double>(lost_.data()[tested_[i]]);
    for (std::size_t c = 0; c < group_.n_basis; ++c) {
      out[i] += cross_weight_[c] * cross_[c * group_.n_responses + tested_[i]];
    }
  }
}

double DroppedFit::explained(std::span<double const> product) {
  std::size_t const n = tested_.size();
  for (std::size_t i = 0; i < n; ++i) {
    residual_[i] = product[tested_[i]];
  }
  double sum = 0;
  double last_norm = 0;
  double last_added = 0;
  for (int step = 0; step < most_steps; ++step) {
    multiply_symmetric(inverse_.data(), residual_.data(), n, solved_.data());
    double const norm = dot(residual_.data(), solved_.data(), n);
    if (!(norm > 0)) {
      return norm == 0 ? sum : std::numeric_limits<double>::quiet_NaN();
    }
    // What everybody's cross-products make of the solved vector is the residual itself.
    double const turn = step == 0 ? 0.0 : norm / last_norm;
    for (std::size_t i = 0; i < n; ++i) {
      direction_[i] = solved_[i] + turn * direction_[i];
      full_image_[i] = residual_[i] + turn * full_image_[i];
    }
    multiply_lost(direction_, image_);
    for (std::size_t i = 0; i < n; ++i) {
      image_[i] = full_image_[i] - image_[i];
    }
    double const length = norm / dot(direction_.data(), image_.data(), n);
    double const added = length * norm;
    sum += added;
    if (!(length > 0)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    if (step > 0 && added * added < least_step_share * sum * last_added) {
      return sum;
    }
    last_added = added;
    add_scaled(image_.data(), -length, n, residual_.data());
    last_norm = norm;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace igwas
