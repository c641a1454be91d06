// Logarithms around the gamma and beta functions, without the cancellation of lgamma differences.
#pragma once

namespace igwas {

/// Stirling's remainder: ln Gamma(z) - [(z - 1/2) ln z - z + ln(2 pi) / 2], for z > 0.
/// At large z it is near 1 / (12 z), so sums and differences of it keep every digit where
/// differences of lgamma (about 3e6 at z = 250,000) would lose nine.
[[nodiscard]] double stirling_remainder(double z) noexcept;

/// ln B(a, b) for a, b > 0; absolute error near 1e-15 times the larger of 1 and the result.
[[nodiscard]] double log_beta(double a, double b) noexcept;

/// u - ln(1 + u) for u > -1, with full relative accuracy near u = 0.
/// `one_plus_u` is the caller's own 1 + u: near u = -1 the sum would have lost its digits.
[[nodiscard]] double log1p_deficit(double u, double one_plus_u) noexcept;

}  // namespace igwas
