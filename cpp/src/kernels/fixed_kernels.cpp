#include "fixed_kernels.hpp"

#include <cstdlib>
#include <cstring>

namespace igwas::kernels {

namespace {

[[nodiscard]] FixedKernels const& choose() {
  char const* forced = std::getenv("IGWAS_SIMD");
  auto const allows = [&](char const* name) {
    return forced == nullptr || std::strcmp(forced, name) == 0;
  };
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4") && allows("avx512")) {
    return fixed_avx512;
  }
  if (__builtin_cpu_supports("x86-64-v3") && (allows("avx2") || allows("avx512"))) {
    return fixed_avx2;
  }
#endif
  return fixed_generic;
}

}  // namespace

FixedKernels const& fixed_kernels() {
  static FixedKernels const& chosen = choose();
  return chosen;
}

}  // namespace igwas::kernels
