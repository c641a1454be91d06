#include "igwas/f_tail.hpp"

#include "igwas/chisq_tail.hpp"
#include "igwas/incomplete_beta.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace igwas {

double log10p_f(double f, double d1, double d2) noexcept {
  if (std::isnan(f) || !(d1 > 0) || !(d2 > 0) || std::isinf(d1)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (f <= 0) {
    return 0;
  }
  if (std::isinf(f)) {
    return f;
  }
  if (std::isinf(d2)) {
    return log10p_chisq(f * d1, d1);
  }
  Odds const odds{d1 / d2 * f, std::log(f) + std::log(d1) - std::log(d2)};
  return -log_incomplete_beta(d2 / 2, d1 / 2, odds) / std::numbers::ln10;
}

}  // namespace igwas
