// The regularised incomplete beta function in log space: the tails of t and F. One
// body for the CPU and for GPUs, whose logarithms may differ in the last bit.
#pragma once

#include "igwas/host_device.hpp"
#include "igwas/log_beta.hpp"

#include <cmath>

namespace igwas {

/// A positive number given twice: as itself, for the bulk, and as its logarithm, for values whose
/// square or ratio leaves the range of a double.
struct Odds {
  double value;      // may be 0 or infinite when the logarithm is finite
  double logarithm;  // natural
};

namespace tail_arithmetic {

inline constexpr double epsilon = 0x1p-52;
inline constexpr double pi = 3.14159265358979323846;
/// Never reached for shapes up to 1e6; bounds the time of absurd input.
inline constexpr int max_terms = 100000;
/// Odds this far out need the leading term alone.
inline constexpr double far_odds = 1e60;

/// One side of the distribution: the function of argument x with shapes a, b; y = 1 - x.
struct Side {
  double a;
  double b;
  double x;
  double y;
};

/// ln [x^a y^b / B(a, b)]. The exponent is written as the distance from its maximum at x = a/(a+b),
/// so that no large terms cancel. `remainder` : beta_remainder(a, b), here and below.
[[nodiscard]] IGWAS_HOST_DEVICE inline double log_power_term(double a, double b, double odds,
                                                             double remainder) noexcept {
  double const whole = 1 + odds;
  double const ratio = b / a;
  double const inverse_ratio = a / b;
  double const x_deficit = log1p_deficit((ratio - odds) / whole, (1 + ratio) / whole);
  double const y_deficit =
      log1p_deficit((odds * inverse_ratio - 1) / whole, odds * (1 + inverse_ratio) / whole);
  double const scale = b / (1 + ratio) / (2 * pi);  // a b / (a + b) / 2 pi
  return 0.5 * std::log(scale) - a * x_deficit - b * y_deficit - remainder;
}

/// I_x(a, b) over the power term: 1/a + terms that are all positive.
[[nodiscard]] IGWAS_HOST_DEVICE inline double series(Side const& side) noexcept {
  double term = 1;
  double sum = 1;
  double numerator = side.a + side.b;
  double denominator = side.a + 1;
  for (int n = 0; n < max_terms && term > 0.25 * epsilon * sum; ++n) {
    term *= numerator * side.x / denominator;
    sum += term;
    numerator += 1;
    denominator += 1;
  }
  return sum / side.a;
}

/// The power term over I_x(a, b), for x below the mean: even part of the continued fraction, by the
/// modified Lentz method.
[[nodiscard]] IGWAS_HOST_DEVICE inline double continued_fraction(Side const& side) noexcept {
  auto const& [a, b, x, y] = side;
  double const lambda = a * y - b * x;
  double value = a * (lambda + 1) / (a + 1);
  double upper = value;
  double lower = 0;
  for (int n = 1; n < max_terms; ++n) {
    double const m = n;
    double const middle = a + 2 * m - 1;
    double const drift = m * (b - m) * x / middle;
    double const numerator = (a + m - 1) * (a + b + m - 1) / middle * drift * x;
    double const denominator = m + drift + (a + m) * (lambda + 1 + m * (1 + y)) / (middle + 2);
    lower = 1 / (denominator + numerator * lower);
    upper = denominator + numerator / upper;
    double const change = upper * lower;
    value *= change;
    if (std::fabs(change - 1) <= epsilon) {
      break;
    }
  }
  return value;
}

/// Leading terms where the odds are so extreme that the next term is below 1e-60.
[[nodiscard]] IGWAS_HOST_DEVICE inline double log_far_tail(double a, double b, double log_odds,
                                                           double remainder) noexcept {
  double const log_of_beta = log_beta(a, b, remainder);
  if (log_odds > 0) {
    return -a * log_odds - std::log(a) - log_of_beta;
  }
  return std::log1p(-std::exp(b * log_odds - std::log(b) - log_of_beta));
}

/// Whether log_far_tail() is all there is to say.
[[nodiscard]] IGWAS_HOST_DEVICE inline bool is_far(double a, double b, double odds) noexcept {
  return odds > far_odds * (b > 1 ? b : 1) || odds * (far_odds * (a > 1 ? a : 1)) < 1;
}

/// log_incomplete_beta() for b <= a, not far out.
[[nodiscard]] IGWAS_HOST_DEVICE inline double log_side_of_larger(double a, double b, double odds,
                                                                 double remainder) noexcept {
  double const x = 1 / (1 + odds);
  double const y = odds / (1 + odds);
  double const log_power = log_power_term(a, b, odds, remainder);
  // The series may run a little past the mean: 1 - I then loses two digits at most, and the
  // continued fraction is slow there.
  if (y <= 0.5 && y * (a + b) <= b + std::sqrt(b) + 2) {
    return std::log1p(-std::exp(log_power) * series({b, a, y, x}));
  }
  return log_power - std::log(continued_fraction({a, b, x, y}));
}

/// The same for b > a.
[[nodiscard]] inline double log_side_of_smaller(double a, double b, double odds,
                                                double remainder) noexcept {
  double const x = 1 / (1 + odds);
  double const y = odds / (1 + odds);
  double const log_power = log_power_term(a, b, odds, remainder);
  if (x <= 0.5 && x * (a + b) <= a) {
    return log_power + std::log(series({a, b, x, y}));
  }
  return std::log1p(-std::exp(log_power) / continued_fraction({b, a, y, x}));
}

}  // namespace tail_arithmetic

/// ln I_x(a, b) with x = 1 / (1 + odds), for a, b > 0.
///
/// Taking the odds (1 - x) / x instead of x keeps both x and 1 - x exact. The result never
/// underflows, and near I = 1 it is accurate relative to 1 - I. Series on the side of the smaller
/// shape, continued fraction on the other (Didonato & Morris 1992, ACM TOMS 18:360, eq. 9); the
/// power term by Stirling remainders (Loader 2000).
[[nodiscard]] inline double log_incomplete_beta(double a, double b, Odds odds) noexcept {
  double const remainder = beta_remainder(a, b);
  if (tail_arithmetic::is_far(a, b, odds.value)) {
    return tail_arithmetic::log_far_tail(a, b, odds.logarithm, remainder);
  }
  return b <= a ? tail_arithmetic::log_side_of_larger(a, b, odds.value, remainder)
                : tail_arithmetic::log_side_of_smaller(a, b, odds.value, remainder);
}

/// The same where b <= a and both are multiples of 1/2: of them no loop is needed for `remainder`.
[[nodiscard]] IGWAS_HOST_DEVICE inline double log_incomplete_beta_of_halves(double a, double b,
                                                                            Odds odds) noexcept {
  double const remainder = stirling_remainder_of_halves(a) + stirling_remainder_of_halves(b) -
                           stirling_remainder_of_halves(a + b);
  return tail_arithmetic::is_far(a, b, odds.value)
             ? tail_arithmetic::log_far_tail(a, b, odds.logarithm, remainder)
             : tail_arithmetic::log_side_of_larger(a, b, odds.value, remainder);
}

}  // namespace igwas
