#include "igwas/chisq_tail.hpp"

#include "igwas/log_beta.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace igwas {

namespace {

constexpr double EPSILON = std::numeric_limits<double>::epsilon();
constexpr int MAX_TERMS = 100000;

// ln [z^a e^-z / Gamma(a)]
[[nodiscard]] double log_power_term(double a, double z) noexcept {
  return 0.5 * std::log(a / (2 * std::numbers::pi)) - a * log1p_deficit((z - a) / a, z / a) -
         stirling_remainder(a);
}

// The lower incomplete gamma function over the power term; all terms are positive.
[[nodiscard]] double series(double a, double z) noexcept {
  double term = 1;
  double sum = 1;
  for (int n = 1; n < MAX_TERMS && term > 0.25 * EPSILON * sum; ++n) {
    term *= z / (a + n);
    sum += term;
  }
  return sum / a;
}

// The power term over the upper incomplete gamma function, for z above the mean (Legendre's
// continued fraction, modified Lentz method).
[[nodiscard]] double continued_fraction(double a, double z) noexcept {
  double denominator = z - a + 1;
  double value = denominator;
  double upper = value;
  double lower = 0;
  for (int n = 1; n < MAX_TERMS; ++n) {
    double const numerator = n * (a - n);
    denominator += 2;
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

}  // namespace

double log10p_chisq(double chisq, double dof) noexcept {
  if (std::isnan(chisq) || !(dof > 0) || std::isinf(dof)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (chisq <= 0) {
    return 0;
  }
  if (std::isinf(chisq)) {
    return chisq;
  }
  double const a = dof / 2;
  double const z = chisq / 2;
  double const log_power = log_power_term(a, z);
  double const log_tail = z <= a + std::sqrt(a) + 2
                              ? std::log1p(-std::exp(log_power) * series(a, z))
                              : log_power - std::log(continued_fraction(a, z));
  return -log_tail / std::numbers::ln10;
}

}  // namespace igwas
