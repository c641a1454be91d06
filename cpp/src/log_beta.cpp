#include "igwas/log_beta.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace igwas {

namespace {

constexpr double HALF_LOG_TWO_PI = 0.91893853320467274178;

// Degrees of freedom are whole, so arguments are multiples of 1/2: the small ones from a table.
constexpr std::array<double, 20> REMAINDER_OF_HALVES{
    0.15342640972002734529,    // 1/2
    0.08106146679532725822,    // 1
    0.054814121051917653896,   // 3/2
    0.041340695955409294094,   // 2
    0.033162873519936287485,   // 5/2
    0.027677925684998339149,   // 3
    0.023746163656297495971,   // 7/2
    0.020790672103765093112,   // 4
    0.018488450532673185231,   // 9/2
    0.016644691189821192163,   // 5
    0.015134973221917378874,   // 11/2
    0.013876128823070747999,   // 6
    0.012810465242920226924,   // 13/2
    0.011896709945891770095,   // 7
    0.011104559758206917327,   // 15/2
    0.010411265261972096497,   // 8
    0.0097994161261588032984,  // 17/2
    0.0092554621827127329177,  // 9
    0.008768700134139385463,   // 19/2
    0.0083305634333628712565,  // 10
};

// Bernoulli series; the first term left out is below 1e-16 from z = 10 on.
[[nodiscard]] double asymptotic_remainder(double z) noexcept {
  constexpr std::array<double, 7> COEFFICIENTS{1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                               1.0 / 1188, -691.0 / 360360, 1.0 / 156};
  double const inverse = 1 / z;
  double const square = inverse * inverse;
  double sum = 0;
  for (std::size_t k = COEFFICIENTS.size(); k-- > 0;) {
    sum = sum * square + COEFFICIENTS[k];
  }
  return sum * inverse;
}

}  // namespace

double stirling_remainder(double z) noexcept {
  double const twice = 2 * z;
  if (twice <= 20 && twice >= 1 && twice == std::floor(twice)) {
    return REMAINDER_OF_HALVES[static_cast<std::size_t>(twice) - 1];
  }
  // Gamma(z + 1) = z Gamma(z), until the series holds.
  double shifted = 0;
  while (z < 10) {
    shifted += (z + 0.5) * std::log1p(1 / z) - 1;
    z += 1;
  }
  return shifted + asymptotic_remainder(z);
}

double log_beta(double a, double b) noexcept {
  double const large = std::fmax(a, b);
  double const small = std::fmin(a, b);
  double const ratio = small / large;
  double const remainder =
      stirling_remainder(a) + stirling_remainder(b) - stirling_remainder(a + b);
  double const share = ratio / (1 + ratio);  // small / (a + b)
  return HALF_LOG_TWO_PI - large * std::log1p(ratio) + small * std::log(share) -
         0.5 * std::log(large * share) + remainder;
}

double log1p_deficit(double u, double one_plus_u) noexcept {
  if (u < -0.35 || u > 0.5) {
    return u - std::log(one_plus_u);
  }
  // ln(1 + u) = 2 artanh(s) with s = u / (2 + u), and u - 2 s = u s exactly.
  double const s = u / (2 + u);
  double const square = s * s;
  constexpr std::array<double, 13> ODD{3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27};
  double sum = 0;
  for (std::size_t k = ODD.size(); k-- > 0;) {
    sum = sum * square + 1 / ODD[k];
  }
  return u * s - 2 * s * square * sum;
}

}  // namespace igwas
