#include "igwas/hardy_weinberg.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace igwas {

namespace {

// Two probabilities reached by different products of exact ratios are called equal within this:
// over 250,000 steps rounding stays near 1e-13, and it must not decide which side of a tie we are
// on.
constexpr double TIE = 1e-10;
constexpr double NEGLIGIBLE = 1e-18;
constexpr double RESCALE = 0x1p512;
constexpr double LOG_RESCALE = 512 * std::numbers::ln2;

// A heterozygote count with its two homozygote counts: one point of the conditional distribution.
struct Point {
  double rare;
  double heterozygotes;
  double common;

  // Probability of two heterozygotes more (or fewer) over this one's; 0 at the end of the range.
  [[nodiscard]] double ratio_up() const noexcept {
    return 4 * rare * common / ((heterozygotes + 2) * (heterozygotes + 1));
  }
  [[nodiscard]] double ratio_down() const noexcept {
    return heterozygotes * (heterozygotes - 1) / (4 * (rare + 1) * (common + 1));
  }
  // Move by two heterozygotes and return the ratio of the new probability to the old.
  double step(bool up) noexcept {
    double const ratio = up ? ratio_up() : ratio_down();
    double const change = up ? 1 : -1;
    rare -= change;
    heterozygotes += 2 * change;
    common -= change;
    return ratio;
  }
};

// Sum of the probabilities beyond `point` away from the mode, over its own: a falling
// geometric-like series, which a few standard deviations exhaust.
[[nodiscard]] double sum_beyond(Point point, bool up) noexcept {
  double term = 1;
  double sum = 0;
  while (term > NEGLIGIBLE) {
    term *= point.step(up);
    sum += term;
  }
  return sum;
}

// Probabilities, over the observed one's, found on the way through the mode to the other tail.
struct Crossing {
  double excluded = 0;  // those more probable than the observed, divided by RESCALE^scale
  int scale = 0;
  double included = 0;  // the other tail, no more probable
  double tied = 0;      // of those, exactly as probable
};

[[nodiscard]] Crossing cross(Point point, bool up) noexcept {
  Crossing sums;
  double term = 1;
  int term_scale = 0;
  while (true) {
    term *= point.step(up);
    if (term > RESCALE) {
      term /= RESCALE;
      sums.excluded /= RESCALE;
      ++term_scale;
      ++sums.scale;
    } else if (term_scale > 0 && term <= 2 / RESCALE) {
      // Not sooner: terms just below the largest one count, whichever side of 1 it came to lie.
      term *= RESCALE;
      --term_scale;
    }
    if (term == 0 || (term_scale == 0 && term <= 1 + TIE)) {
      break;
    }
    // A term of a lower scale is at most 2^-511 of the sum.
    if (term_scale == sums.scale) {
      sums.excluded += term;
    }
  }
  sums.tied = term >= 1 - TIE ? 1 : 0;
  sums.included = term > 0 ? term * (1 + sum_beyond(point, up)) : 0;
  return sums;
}

}  // namespace

double hardy_weinberg_log10p(GenotypeCounts counts, bool mid_p) noexcept {
  auto const [first, heterozygotes, second] = counts;
  if (first < 0 || heterozygotes < 0 || second < 0) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  Point const observed{static_cast<double>(std::min(first, second)),
                       static_cast<double>(heterozygotes),
                       static_cast<double>(std::max(first, second))};
  // Upwards also at the mode itself; downwards at the upper of two equal modes, so that the tie is
  // met.
  bool const towards_mode = observed.ratio_up() >= 1 || observed.ratio_down() < 1;
  Crossing const sums = cross(observed, towards_mode);
  double included = 1 + sum_beyond(observed, !towards_mode) + sums.included;
  double excluded = sums.excluded;
  if (mid_p) {
    double const half = 0.5 * (1 + sums.tied);
    included -= half;
    if (sums.scale == 0) {
      excluded += half;
    }
  }
  if (sums.scale == 0) {
    return std::log1p(excluded / included) / std::numbers::ln10;
  }
  return (std::log(excluded) + sums.scale * LOG_RESCALE - std::log(included)) / std::numbers::ln10;
}

}  // namespace igwas
