#include "igwas/student_t.hpp"

#include "igwas/chisq_tail.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace igwas {

double log10p_student_t(double t, double dof) noexcept {
  if (std::isnan(t) || !(dof > 0)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  t = std::fabs(t);
  if (t == 0) {
    return 0;
  }
  if (std::isinf(t)) {
    return t;
  }
  if (std::isinf(dof)) {
    return log10p_chisq(t * t, 1);
  }
  if (dof >= 1 && dof == std::floor(dof)) {
    return student_t_of_whole(t, dof);
  }
  Odds const odds{t * t / dof, 2 * std::log(t) - std::log(dof)};
  return -log_incomplete_beta(dof / 2, 0.5, odds) / std::numbers::ln10;
}

}  // namespace igwas
