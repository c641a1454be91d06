#include "check.hpp"
#include "igwas/incomplete_beta.hpp"

#include <cmath>

using namespace igwas;

namespace {

constexpr double TOLERANCE = 1e-13;

[[nodiscard]] Odds odds(double value) { return {value, std::log(value)}; }

void agrees_with_mpmath() {
  testing::check_close(log_incomplete_beta(2.5, 3.5, odds(0.7)), -0.21774968050891561, TOLERANCE);
  testing::check_close(log_incomplete_beta(2.5, 3.5, odds(20.0)), -5.3120684983897025, TOLERANCE);
  testing::check_close(log_incomplete_beta(100, 300, odds(2.9)), -0.47315057288606762, TOLERANCE);
  testing::check_close(log_incomplete_beta(100, 300, odds(3.2)), -1.2177494373324978, TOLERANCE);
  testing::check_close(log_incomplete_beta(0.5, 40, odds(300.0)), -0.9339485624927399, TOLERANCE);
  testing::check_close(log_incomplete_beta(0.5, 0.5, odds(0.001)), -0.020330244331288175,
                       TOLERANCE);
}

// I_x(a, 1) = x^a and I_x(1, b) = 1 - (1 - x)^b.
void agrees_with_closed_forms() {
  for (double const shape : {0.5, 1.0, 7.5, 300.0, 250000.0}) {
    for (double const ratio : {1e-200, 1e-5, 0.3, 1.0, 4.0, 1e6}) {
      double const log_x = -std::log1p(ratio);
      testing::check_close(log_incomplete_beta(shape, 1, odds(ratio)), shape * log_x, TOLERANCE);
      double const log_y = -std::log1p(1 / ratio);
      double const log_rest = std::log1p(-std::exp(shape * log_y));
      testing::check_close(log_incomplete_beta(1, shape, odds(ratio)), log_rest, 1e-11);
    }
  }
}

void odds_beyond_a_double_come_by_their_logarithm() {
  testing::check_close(log_incomplete_beta(3, 1, {INFINITY, 1000}), -3000, TOLERANCE);
  testing::check_close(log_incomplete_beta(1, 0.5, {0, -1000}), -std::exp(-500), 1e-12);
}

}  // namespace

int main() {
  agrees_with_mpmath();
  agrees_with_closed_forms();
  odds_beyond_a_double_come_by_their_logarithm();
  return testing::exit_code();
}
