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

/// Rows that are worked on together.
constexpr std::size_t chunk_rows = 32;
/// How many rows before it is needed a row is asked for from memory.
constexpr std::size_t rows_ahead = 32;
constexpr std::size_t task_rows = 4096;

/// Above this share of samples left out, or below this share of variance kept, a fit from the start
/// loses less to rounding, and costs no more.
constexpr double most_missing_share = 0.15;
constexpr double least_kept_share = 0.25;

/// Conjugate gradients end when the next step is expected to add less than this share, from how
/// much less the last one added than the one before.
constexpr double least_step_share = 1e-9;
constexpr int most_steps = 30;
/// What is left after one step is not worked out where all that is unknown of it is below this
/// share: for 128 phenotypes a hundred thousandth of F's standard deviation under the null.
constexpr double most_unknown_share = 1e-6;

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
  // The last row may be read past its end.
  values_.resize(columns.rows * columns.columns + kernels::dropped_lane);
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
    tested_unit_.push_back(unit(tested_.back()));
  }
  tested_cross_.resize(group.n_basis * tested_.size());
  for (auto* values : {&guess_, &residual_, &solved_, &direction_, &image_, &full_image_}) {
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
  least_pivot_share_ = omnibus.least_pivot_share(group.omnibus_gram, group.omnibus_response.size());
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
                           double fitted_share, std::span<double const> product) {
  double const missing_share = static_cast<double>(missing.size()) / static_cast<double>(n_samples);
  // A phenotype's product is corrected by the fitted genotypes of the samples left out.
  double const z_error = coarseness_ * std::sqrt(missing_share * fitted_share);
  // The omnibus test divides by what is left of a phenotype beside the others.
  double const omnibus_error = coarseness_ * missing_share / std::sqrt(least_pivot_share_);
  bool const is_contiguous = group_.basis_begin == group_.responses_begin + group_.n_responses;
  if (!is_contiguous || missing_share > most_missing_share || !(z_error < most_z_error) ||
      !(omnibus_error < most_z_error)) {
    return false;
  }
  missing_ = missing;
  guess(product);
  std::fill_n(outer_.data(), outer_.size(), 0.0F);
  std::fill_n(squares_.data(), width_, 0.0F);
  auto const& kernel = kernels::dropped_kernels();
  for_each_chunk([&](std::size_t n) {
    kernel.add_outer(chunk_.data(), n, width_, group_.n_responses, group_.n_basis, outer_.data(),
                     squares_.data());
    kernel.apply_rows(chunk_.data(), n, width_, vector_.data(), lost_.data());
  });
  return factor_basis() && subtract_squares();
}

/// Solve the omnibus test's equations as if nobody had been left out: what the rows of those who
/// are make of the solution is then summed while the rows are at hand.
void DroppedFit::guess(std::span<double const> product) {
  std::size_t const n = tested_.size();
  for (std::size_t i = 0; i < n; ++i) {
    full_image_[i] = product[tested_[i]];
  }
  multiply_symmetric(inverse_.data(), full_image_.data(), n, guess_.data());
  start_lost(guess_);
}

void DroppedFit::start_lost(std::span<double const> vector) {
  for (std::size_t i = 0; i < tested_.size(); ++i) {
    vector_.data()[tested_[i]] = static_cast<float>(tested_unit_[i] * vector[i]);
  }
  std::fill_n(lost_.data(), width_, 0.0F);
}

/// Bring the rows of the samples left out, a few at a time, to chunk_ as floats: all of them would
/// not stay in the first-level cache.
template <typename Use>
void DroppedFit::for_each_chunk(Use const& use) {
  auto const& kernel = kernels::dropped_kernels();
  std::size_t const n_missing = missing_.size();
  auto const row_of = [&](std::size_t i) {
    return columns_.row(missing_[i]) + group_.responses_begin;
  };
  // Row by row: the machine keeps only so many lines on their way, and a burst waits.
  auto const ask_for = [&](std::size_t i) {
    constexpr std::size_t line_numbers = 32;
    for (std::size_t k = 0; i < n_missing && k < n_columns_ + line_numbers; k += line_numbers) {
      __builtin_prefetch(row_of(i) + k);
    }
  };
  for (std::size_t i = 0; i < rows_ahead; ++i) {
    ask_for(i);
  }
  for (std::size_t first = 0; first < n_missing; first += chunk_rows) {
    std::size_t const n = std::min(chunk_rows, n_missing - first);
    for (std::size_t i = 0; i < n; ++i) {
      ask_for(first + i + rows_ahead);
      kernel.widen_row(row_of(first + i), n_columns_, width_, chunk_.data() + i * width_);
    }
    use(n);
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
  if (intercept_ == 0 || missing_.empty()) {
    return;
  }
  // Most of what is fitted is one number for everybody, the mean: what it adds is known without
  // rounding from the sums over the samples left out.
  std::copy_n(missing + group_.basis_begin, group_.n_basis, cross_weight_.begin());
  basis_factor_.solve_lower(cross_weight_);
  double const mean = dot(basis_product.data(), cross_weight_.data(), group_.n_basis) /
                      static_cast<double>(missing_.size());
  for (std::size_t k = 0; k < group_.n_responses; ++k) {
    double const rounded = unit(k) * static_cast<double>(outer_.data()[k]) / intercept_;
    product[k] += mean * (missing[group_.responses_begin + k] - rounded);
  }
}

/// Of the omnibus responses, side by side: the matrix is applied several times.
void DroppedFit::take_tested_cross() {
  std::size_t const n = tested_.size();
  for (std::size_t c = 0; c < group_.n_basis; ++c) {
    double const* row = cross_.data() + c * group_.n_responses;
    double* to = tested_cross_.data() + c * n;
    for (std::size_t i = 0; i < n; ++i) {
      to[i] = row[tested_[i]];
    }
  }
}

/// out = (R_M'R_M + C'C) vector, over the omnibus responses; C is tested_cross_, and R_M'R_M of the
/// vector, in units of the columns, is in lost_.
void DroppedFit::finish_lost(std::span<double const> vector, std::span<double> out) {
  std::size_t const n = tested_.size();
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = tested_unit_[i] * static_cast<double>(lost_.data()[tested_[i]]);
  }
  for (std::size_t c = 0; c < group_.n_basis; ++c) {
    double const* row = tested_cross_.data() + c * n;
    add_scaled(row, dot(row, vector.data(), n), n, out.data());
  }
}

void DroppedFit::multiply_lost(std::span<double const> vector, std::span<double> out) {
  auto const& kernel = kernels::dropped_kernels();
  start_lost(vector);
  for_each_chunk([&](std::size_t n) {
    kernel.apply_rows(chunk_.data(), n, width_, vector_.data(), lost_.data());
  });
  finish_lost(vector, out);
}

double DroppedFit::explained(std::span<double const> product) {
  std::size_t const n = tested_.size();
  take_tested_cross();
  for (std::size_t i = 0; i < n; ++i) {
    residual_[i] = product[tested_[i]];
  }
  // A of the guess: what everybody's cross-products make of it is what it was guessed from.
  finish_lost(guess_, image_);
  double const full = dot(guess_.data(), full_image_.data(), n);
  double const lost = dot(guess_.data(), image_.data(), n);
  double const projected = dot(guess_.data(), residual_.data(), n);
  // The best multiple of the guess, and what it leaves.
  double const length = projected / (full - lost);
  if (!(full > 0 && length > 0)) {
    return solve_rest();
  }
  for (std::size_t i = 0; i < n; ++i) {
    residual_[i] -= length * (full_image_[i] - image_[i]);
  }
  return length * projected + explained_by_rest(length * projected, lost / full);
}

/// r' A^-1 r of what the guess left in residual_; `share` of the guess's sum of squares is lost.
double DroppedFit::explained_by_rest(double explained, double share) {
  std::size_t const n = tested_.size();
  multiply_symmetric(inverse_.data(), residual_.data(), n, solved_.data());
  double const rest = dot(residual_.data(), solved_.data(), n);
  // The residual loses about this share: as the guess does, and what the two have in common. (Two
  // steps of Lanczos; exact on average where calls are missing at random.)
  double const rest_share = share > 0 ? share + rest / (explained * share) : 0.0;
  if (rest * rest_share <= most_unknown_share * explained) {
    return rest / (1 - rest_share);
  }
  return solve_rest();
}

/// By conjugate gradients from nothing.
double DroppedFit::solve_rest() {
  std::size_t const n = tested_.size();
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
