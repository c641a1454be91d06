#include "check.hpp"
#include "igwas/hardy_weinberg.hpp"

#include <cmath>

using namespace igwas;

namespace {

// Against exact integers and 30 digits (tests/reference/hardy_weinberg.py).
constexpr double TOLERANCE = 1e-12;

void agrees_with_the_exact_twin() {
  testing::check_close(hardy_weinberg_log10p({57, 78, 2}), 4.960768163147478, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({57, 78, 2}, true), 5.145451525089123, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({100, 50, 5}), 0.09619777226034175, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({100, 50, 5}, true), 0.15302993163481976, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({500, 0, 500}), 300.87953495294363, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({500, 0, 500}, true), 301.1805649486076, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({0, 1000, 0}), 299.2705472452607, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({0, 1000, 0}, true), 299.56102103605525, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({1000, 0, 1}), 3.3012470886362113, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({1000, 0, 1}, true), 3.6022770843001926, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({5000, 100, 3}), 1.775433740492171, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({5000, 100, 3}, true), 2.027224705100989, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({499000, 800, 200}), 436.3080449740129, TOLERANCE);
  testing::check_close(hardy_weinberg_log10p({490000, 9000, 1000}), 887.3730029410858, TOLERANCE);
}

void edges() {
  CHECK(hardy_weinberg_log10p({0, 0, 0}) == 0);
  CHECK(hardy_weinberg_log10p({10, 0, 0}) == 0);
  CHECK(hardy_weinberg_log10p({10, 1, 0}) == 0);
  CHECK(std::isnan(hardy_weinberg_log10p({-1, 3, 5})));
  CHECK(std::isnan(hardy_weinberg_log10p({1, -3, 5})));
  CHECK(std::isnan(hardy_weinberg_log10p({1, 3, -5})));
}

void homozygotes_may_be_swapped() {
  CHECK(hardy_weinberg_log10p({3, 20, 70}) == hardy_weinberg_log10p({70, 20, 3}));
}

// The far ends at biobank size, where p is 1e-150,000: no overflow, no underflow, no endless walk.
void stays_finite_at_half_a_million_people() {
  double const no_heterozygote = hardy_weinberg_log10p({250000, 0, 250000});
  double const all_heterozygote = hardy_weinberg_log10p({0, 500000, 0});
  CHECK(no_heterozygote > 150000 && no_heterozygote < 151000);
  CHECK(all_heterozygote > 150000 && all_heterozygote < 151000);
}

}  // namespace

int main() {
  agrees_with_the_exact_twin();
  edges();
  homozygotes_may_be_swapped();
  stays_finite_at_half_a_million_people();
  return testing::exit_code();
}
