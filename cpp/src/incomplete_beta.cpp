#include "igwas/incomplete_beta.hpp"

#include "igwas/log_beta.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace igwas {

namespace {

constexpr double EPSILON = std::numeric_limits<double>::epsilon();
// Never reached for shapes up to 1e6; bounds the time of absurd input.
constexpr int MAX_TERMS = 100000;
// Odds this far out need the leading term alone.
constexpr double FAR = 1e60;

// One side of the distribution: the function of argument x with shapes a, b; y = 1 - x.
struct Side {
  double a;
  double b;
  double x;
  double y;
};

// ln [x^a y^b / B(a, b)]. The exponent is written as the distance from its maximum at x = a/(a+b),
// so that no large terms cancel.
[[nodiscard]] double log_power_term(double a, double b, double odds) noexcept {
  double const whole = 1 + odds;
  double const ratio = b / a;
  double const inverse_ratio = a / b;
  double const x_deficit = log1p_deficit((ratio - odds) / whole, (1 + ratio) / whole);
  double const y_deficit =
      log1p_deficit((odds * inverse_ratio - 1) / whole, odds * (1 + inverse_ratio) / whole);
  double const remainder =
      stirling_remainder(a) + stirling_remainder(b) - stirling_remainder(a + b);
  double const scale = b / (1 + ratio) / (2 * std::numbers::pi);  // a b / (a + b) / 2 pi
  return 0.5 * std::log(scale) - a * x_deficit - b * y_deficit - remainder;
}

// I_x(a, b) over the power term: 1/a + terms that are all positive.
[[nodiscard]] double series(Side const& side) noexcept {
  double term = 1;
  double sum = 1;
  double numerator = side.a + side.b;
  double denominator = side.a + 1;
  for (int n = 0; n < MAX_TERMS && term > 0.25 * EPSILON * sum; ++n) {
    term *= numerator * side.x / denominator;
    sum += term;
    numerator += 1;
    denominator += 1;
  }
  return sum / side.a;
}

// The power term over I_x(a, b), for x below the mean: even part of the continued fraction, by the
// modified Lentz method.
[[nodiscard]] double continued_fraction(Side const& side) noexcept {
  auto const& [a, b, x, y] = side;
  double const lambda = a * y - b * x;
  double value = a * (lambda + 1) / (a + 1);
  double upper = value;
  double lower = 0;
  for (int n = 1; n < MAX_TERMS; ++n) {
    double const m = n;
    double const middle = a + 2 * m - 1;
    double const drift = m * (b - m) * x / middle;
    double const numerator = (a + m - 1) * (a + b + m - 1) / middle * drift * x;
    double const denominator = m + drift + (a + m) * (lambda + 1 + m * (1 + y)) / (middle + 2);
    lower = 1 / (denominator + numerator * lower);
    upper = denominator + numerator / upper;
    double const change = upper * lower;
    value *= change;
    if (std::fabs(change - 1) <= EPSILON) {
      break;
    }
  }
  return value;
}

// Leading terms where the odds are so extreme that the next term is below 1e-60.
[[nodiscard]] double log_far_tail(double a, double b, double log_odds) noexcept {
  if (log_odds > 0) {
    return -a * log_odds - std::log(a) - log_beta(a, b);
  }
  return std::log1p(-std::exp(b * log_odds - std::log(b) - log_beta(a, b)));
}

}  // namespace

double log_incomplete_beta(double a, double b, Odds odds) noexcept {
  double const far_above = FAR * std::fmax(1, b);
  double const far_below = FAR * std::fmax(1, a);
  if (odds.value > far_above || odds.value * far_below < 1) {
    return log_far_tail(a, b, odds.logarithm);
  }
  double const x = 1 / (1 + odds.value);
  double const y = odds.value / (1 + odds.value);
  double const log_power = log_power_term(a, b, odds.value);
  Side const wanted{a, b, x, y};
  Side const other{b, a, y, x};
  if (b <= a) {
    // The series may run a little past the mean: 1 - I then loses two digits at most, and the
    // continued fraction is slow there.
    if (y <= 0.5 && y * (a + b) <= b + std::sqrt(b) + 2) {
      return std::log1p(-std::exp(log_power) * series(other));
    }
    return log_power - std::log(continued_fraction(wanted));
  }
  if (x <= 0.5 && x * (a + b) <= a) {
    return log_power + std::log(series(wanted));
  }
  return std::log1p(-std::exp(log_power) / continued_fraction(other));
}

}  // namespace igwas
