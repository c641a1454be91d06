#include "check.hpp"
#include "igwas/chisq_tail.hpp"

#include <cmath>
#include <limits>

using namespace igwas;

namespace {

// Against mpmath at 32 digits; the contract is 1e-10, this build is far inside it.
constexpr double TOLERANCE = 1e-12;
constexpr double INFINITE = std::numeric_limits<double>::infinity();
constexpr double NOT_A_NUMBER = std::numeric_limits<double>::quiet_NaN();

void agrees_with_mpmath() {
  testing::check_close(log10p_chisq(1e-12, 1), 3.4651700019272692e-7, TOLERANCE);
  testing::check_close(log10p_chisq(0.4549, 1), 0.30101509028016382, TOLERANCE);
  testing::check_close(log10p_chisq(3.84, 1), 1.3006521393247688, TOLERANCE);
  testing::check_close(log10p_chisq(5000, 1), 1087.6838365143224, TOLERANCE);
  testing::check_close(log10p_chisq(100, 128), 0.014054408305229484, TOLERANCE);
  testing::check_close(log10p_chisq(128, 128), 0.31571490522962946, TOLERANCE);
  testing::check_close(log10p_chisq(170, 128), 2.114226515777994, TOLERANCE);
  testing::check_close(log10p_chisq(100000.0, 1024), 20477.377932636276, TOLERANCE);
  testing::check_close(log10p_chisq(0.5, 7.3), 0.00015783726663734221, TOLERANCE);
}

void edges() {
  CHECK(log10p_chisq(0, 3) == 0);
  CHECK(log10p_chisq(-1, 3) == 0);
  CHECK(log10p_chisq(INFINITE, 3) == INFINITE);
  CHECK(std::isnan(log10p_chisq(NOT_A_NUMBER, 3)));
  CHECK(std::isnan(log10p_chisq(1, 0)));
  CHECK(std::isnan(log10p_chisq(1, INFINITE)));
}

}  // namespace

int main() {
  agrees_with_mpmath();
  edges();
  return testing::exit_code();
}
