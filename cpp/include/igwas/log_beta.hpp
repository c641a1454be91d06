// Logarithms around the gamma and beta functions, without the cancellation of lgamma differences.
// One body for the CPU and for GPUs, whose logarithms may differ in the last bit.
#pragma once

#include "igwas/host_device.hpp"

#include <cmath>

namespace igwas {

namespace tail_arithmetic {

/// Stirling's remainder of 1/2, 1, 3/2, ... 10: degrees of freedom are whole, so arguments are
/// multiples of 1/2. A switch and no table: of a GPU's memory it would need a copy of its own.
[[nodiscard]] IGWAS_HOST_DEVICE inline double remainder_of_halves(int twice) noexcept {
  switch (twice) {
    case 1:
      return 0.15342640972002734529;
    case 2:
      return 0.08106146679532725822;
    case 3:
      return 0.054814121051917653896;
    case 4:
      return 0.041340695955409294094;
    case 5:
      return 0.033162873519936287485;
    case 6:
      return 0.027677925684998339149;
    case 7:
      return 0.023746163656297495971;
    case 8:
      return 0.020790672103765093112;
    case 9:
      return 0.018488450532673185231;
    case 10:
      return 0.016644691189821192163;
    case 11:
      return 0.015134973221917378874;
    case 12:
      return 0.013876128823070747999;
    case 13:
      return 0.012810465242920226924;
    case 14:
      return 0.011896709945891770095;
    case 15:
      return 0.011104559758206917327;
    case 16:
      return 0.010411265261972096497;
    case 17:
      return 0.0097994161261588032984;
    case 18:
      return 0.0092554621827127329177;
    case 19:
      return 0.008768700134139385463;
    default:
      return 0.0083305634333628712565;
  }
}

/// Bernoulli series; the first term left out is below 1e-16 from z = 10 on.
[[nodiscard]] IGWAS_HOST_DEVICE inline double asymptotic_remainder(double z) noexcept {
  double const inverse = 1 / z;
  double const square = inverse * inverse;
  double sum = 1.0 / 156;
  sum = sum * square - 691.0 / 360360;
  sum = sum * square + 1.0 / 1188;
  sum = sum * square - 1.0 / 1680;
  sum = sum * square + 1.0 / 1260;
  sum = sum * square - 1.0 / 360;
  sum = sum * square + 1.0 / 12;
  return sum * inverse;
}

}  // namespace tail_arithmetic

/// stirling_remainder() of a multiple of 1/2, to the same bits.
[[nodiscard]] IGWAS_HOST_DEVICE inline double stirling_remainder_of_halves(double z) noexcept {
  return z <= 10 ? tail_arithmetic::remainder_of_halves(static_cast<int>(2 * z))
                 : tail_arithmetic::asymptotic_remainder(z);
}

/// Stirling's remainder: ln Gamma(z) - [(z - 1/2) ln z - z + ln(2 pi) / 2], for z > 0.
/// At large z it is near 1 / (12 z), so sums and differences of it keep every digit where
/// differences of lgamma (about 3e6 at z = 250,000) would lose nine.
[[nodiscard]] inline double stirling_remainder(double z) noexcept {
  double const twice = 2 * z;
  if (twice <= 20 && twice >= 1 && twice == std::floor(twice)) {
    return stirling_remainder_of_halves(z);
  }
  // Gamma(z + 1) = z Gamma(z), until the series holds.
  double shifted = 0;
  while (z < 10) {
    shifted += (z + 0.5) * std::log1p(1 / z) - 1;
    z += 1;
  }
  return shifted + tail_arithmetic::asymptotic_remainder(z);
}

/// Stirling's remainder of ln B(a, b).
[[nodiscard]] inline double beta_remainder(double a, double b) noexcept {
  return stirling_remainder(a) + stirling_remainder(b) - stirling_remainder(a + b);
}

/// ln B(a, b) for a, b > 0; absolute error near 1e-15 times the larger of 1 and the result.
///
/// \param remainder from beta_remainder().
[[nodiscard]] IGWAS_HOST_DEVICE inline double log_beta(double a, double b,
                                                       double remainder) noexcept {
  constexpr double half_log_two_pi = 0.91893853320467274178;
  double const large = a > b ? a : b;
  double const small = a > b ? b : a;
  double const ratio = small / large;
  double const share = ratio / (1 + ratio);  // small / (a + b)
  return half_log_two_pi - large * std::log1p(ratio) + small * std::log(share) -
         0.5 * std::log(large * share) + remainder;
}

[[nodiscard]] inline double log_beta(double a, double b) noexcept {
  return log_beta(a, b, beta_remainder(a, b));
}

/// u - ln(1 + u) for u > -1, with full relative accuracy near u = 0.
/// `one_plus_u` is the caller's own 1 + u: near u = -1 the sum would have lost its digits.
[[nodiscard]] IGWAS_HOST_DEVICE inline double log1p_deficit(double u, double one_plus_u) noexcept {
  if (u < -0.35 || u > 0.5) {
    return u - std::log(one_plus_u);
  }
  // ln(1 + u) = 2 artanh(s) with s = u / (2 + u), and u - 2 s = u s exactly.
  double const s = u / (2 + u);
  double const square = s * s;
  double sum = 0;
  for (int odd = 27; odd >= 3; odd -= 2) {
    sum = sum * square + 1.0 / odd;
  }
  return u * s - 2 * s * square * sum;
}

}  // namespace igwas
