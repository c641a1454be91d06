#include "check.hpp"
#include "igwas/f_tail.hpp"
#include "igwas/student_t.hpp"

#include <cmath>
#include <limits>

using namespace igwas;

namespace {

// Against mpmath at 32 digits; the contract is 1e-10, this build is far inside it.
constexpr double TOLERANCE = 1e-12;
constexpr double INFINITE = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();

void agrees_with_mpmath() {
  testing::check_close(log10p_student_t(1e-170, 65000), 3.4651552919788572e-171, TOLERANCE);
  testing::check_close(log10p_student_t(1e-08, 3), 3.1925213050075188e-9, TOLERANCE);
  testing::check_close(log10p_student_t(0.5, 1), 0.15191391561006296, TOLERANCE);
  testing::check_close(log10p_student_t(1, 2), 0.37401940329452032, TOLERANCE);
  testing::check_close(log10p_student_t(2.6, 65000), 2.0303751815106335, TOLERANCE);
  testing::check_close(log10p_student_t(2.5, 333.3), 1.8894305853594068, TOLERANCE);
  testing::check_close(log10p_student_t(6, 3), 2.0327930932431355, TOLERANCE);
  testing::check_close(log10p_student_t(40, 65000), 344.92346930884852, TOLERANCE);
  testing::check_close(log10p_student_t(2000, 3), 9.5596196318631793, TOLERANCE);
  testing::check_close(log10p_student_t(2000, 500000), 238563.5493288364, TOLERANCE);
}

void edges() {
  CHECK(log10p_student_t(0, 10) == 0);
  CHECK(log10p_student_t(INFINITE, 10) == INFINITE);
  CHECK(log10p_student_t(-INFINITE, 10) == INFINITE);
  CHECK(std::isnan(log10p_student_t(NOT_A_NUMBER, 10)));
  CHECK(std::isnan(log10p_student_t(1, NOT_A_NUMBER)));
  CHECK(std::isnan(log10p_student_t(1, 0)));
  CHECK(std::isnan(log10p_student_t(1, -3)));
  CHECK(std::isfinite(log10p_student_t(1e308, 65000)));
}

void is_even_in_t_and_the_root_of_f() {
  for (double t = 0.01; t < 3000; t *= 1.7) {
    for (double const dof : {1.0, 2.0, 3.0, 17.5, 65000.0, 500000.0}) {
      CHECK(log10p_student_t(t, dof) == log10p_student_t(-t, dof));
      testing::check_close(log10p_student_t(t, dof), log10p_f(t * t, 1, dof), TOLERANCE);
    }
  }
}

// Finely around the places where the method changes: no step down may show.
void rises_with_t() {
  for (double const dof : {1.0, 2.0, 3.0, 10.0, 65000.0}) {
    double previous = 0;
    for (double t = 0.9; t < 4; t += 0.0009) {
      double const now = log10p_student_t(t, dof);
      CHECK(now > previous);
      previous = now;
    }
  }
}

void normal_is_the_limit() {
  testing::check_close(log10p_student_t(5, INFINITE), log10p_student_t(5, 1e15), TOLERANCE);
}

}  // namespace

int main() {
  agrees_with_mpmath();
  edges();
  is_even_in_t_and_the_root_of_f();
  rises_with_t();
  normal_is_the_limit();
  return testing::exit_code();
}
