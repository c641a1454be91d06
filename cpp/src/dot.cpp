#include "igwas/dot.hpp"

#include "igwas/multiversion.hpp"

namespace igwas {

IGWAS_MULTIVERSION
double dot(double const* a, double const* b, std::size_t n) noexcept {
  constexpr std::size_t lanes = 8;
  double sums[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) {
      sums[j] += a[i + j] * b[i + j];
    }
  }
  for (; i < n; ++i) {
    sums[i % lanes] += a[i] * b[i];
  }
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace igwas
