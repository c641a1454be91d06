// Fisher's F: the test of one variant on all phenotypes together.
#pragma once

namespace igwas {

/// -log10 of the upper tail, P(F >= f) with `d1` and `d2` degrees of freedom.
///
/// Computed in log space, so it never underflows; relative error below 1e-10 for d1 to 1,024 and
/// d2 to 500,000, also where p is so near 1 that the result is tiny. Infinite `d2` is chi-square
/// over `d1`. 0 for negative f; NaN if anything is NaN, d1 or d2 is not positive, or d1 is
/// infinite; infinity at infinite f. Any thread may call it.
[[nodiscard]] double log10p_f(double f, double d1, double d2) noexcept;

}  // namespace igwas
