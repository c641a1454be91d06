#include "check.hpp"
#include "igwas/chisq_tail.hpp"
#include "igwas/f_tail.hpp"

#include <cmath>
#include <limits>

using namespace igwas;

namespace {

// Against mpmath at 32 digits; the contract is 1e-10, this build is far inside it.
constexpr double TOLERANCE = 1e-12;
constexpr double INFINITE = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();

void agrees_with_mpmath() {
  testing::check_close(log10p_f(1e-06, 1, 500000), 0.00034665494456103876, TOLERANCE);
  testing::check_close(log10p_f(1e-06, 16, 3), 9.4907845185716904e-43, TOLERANCE);
  testing::check_close(log10p_f(0.9, 1024, 500000), 0.0043706562748847031, TOLERANCE);
  testing::check_close(log10p_f(1.0, 1024, 500000), 0.30614911787191173, TOLERANCE);
  testing::check_close(log10p_f(1.2, 1024, 65000), 4.9351894111965806, TOLERANCE);
  testing::check_close(log10p_f(1.5, 128, 65000), 3.656320935919721, TOLERANCE);
  testing::check_close(log10p_f(3, 5, 0.5), 0.2516188327150623, TOLERANCE);
  testing::check_close(log10p_f(100000.0, 1, 1), 2.6961213246721526, TOLERANCE);
  testing::check_close(log10p_f(100000.0, 1024, 500000), 576767.68111158193, TOLERANCE);
  testing::check_close(log10p_f(700, 512, 2), 2.8454094243196778, TOLERANCE);
}

void edges() {
  CHECK(log10p_f(0, 3, 10) == 0);
  CHECK(log10p_f(-1, 3, 10) == 0);
  CHECK(log10p_f(INFINITE, 3, 10) == INFINITE);
  CHECK(std::isnan(log10p_f(NOT_A_NUMBER, 3, 10)));
  CHECK(std::isnan(log10p_f(1, 0, 10)));
  CHECK(std::isnan(log10p_f(1, 3, -1)));
  CHECK(std::isnan(log10p_f(1, INFINITE, 10)));
  testing::check_close(log10p_f(1.3, 128, INFINITE), log10p_chisq(1.3 * 128, 128), TOLERANCE);
}

// P(F(d1, d2) >= f) and P(F(d2, d1) >= 1 / f) make one.
void the_two_tails_make_one() {
  for (double const f : {0.5, 0.9, 1.0, 1.1, 2.0}) {
    for (double const d2 : {1.0, 5.0, 128.0, 3000.0}) {
      double const upper = std::pow(10, -log10p_f(f, 100, d2));
      double const lower = std::pow(10, -log10p_f(1 / f, d2, 100));
      testing::check_close(upper + lower, 1, TOLERANCE);
    }
  }
}

}  // namespace

int main() {
  agrees_with_mpmath();
  edges();
  the_two_tails_make_one();
  return testing::exit_code();
}
