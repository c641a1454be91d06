// The regularised incomplete beta function in log space: the tails of t and F.
#pragma once

namespace igwas {

/// A positive number given twice: as itself, for the bulk, and as its logarithm, for values whose
/// square or ratio leaves the range of a double.
struct Odds {
  double value;      // may be 0 or infinite when the logarithm is finite
  double logarithm;  // natural
};

/// ln I_x(a, b) with x = 1 / (1 + odds), for a, b > 0.
///
/// Taking the odds (1 - x) / x instead of x keeps both x and 1 - x exact. The result never
/// underflows, and near I = 1 it is accurate relative to 1 - I. Series on the side of the smaller
/// shape, continued fraction on the other (Didonato & Morris 1992, ACM TOMS 18:360, eq. 9); the
/// power term by Stirling remainders (Loader 2000).
[[nodiscard]] double log_incomplete_beta(double a, double b, Odds odds) noexcept;

}  // namespace igwas
