#include "check.hpp"
#include "igwas/dot.hpp"
#include "scan_cases.hpp"

using namespace igwas;

int main() {
  // Eight running sums of at most 40 terms of size 1: a few units in the last place.
  constexpr double rounding = 1e-14;
  testing::Random random(1);
  for (std::size_t n = 0; n <= 40; ++n) {
    std::vector<double> a(n);
    std::vector<double> b(n);
    for (std::size_t i = 0; i < n; ++i) {
      a[i] = random.symmetric();
      b[i] = random.symmetric();
    }
    CHECK(std::fabs(dot(a.data(), b.data(), n) - testing::inner(a, b)) <= rounding);
  }
  std::vector<double> const ones(17, 1.0);
  CHECK(dot(ones.data(), ones.data(), 17) == 17);
  CHECK(dot(nullptr, nullptr, 0) == 0);
  return testing::exit_code();
}
