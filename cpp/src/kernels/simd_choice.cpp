#include "simd_choice.hpp"

#include <cstdlib>
#include <cstring>

namespace igwas::kernels {

namespace {

[[nodiscard]] SimdLevel choose() {
#if defined(__x86_64__)
  char const* forced = std::getenv("IGWAS_SIMD");
  auto const allows = [&](char const* name) {
    return forced == nullptr || std::strcmp(forced, name) == 0;
  };
  if (__builtin_cpu_supports("x86-64-v4") && allows("avx512")) {
    return SimdLevel::avx512;
  }
  if (__builtin_cpu_supports("x86-64-v3") && (allows("avx2") || allows("avx512"))) {
    return SimdLevel::avx2;
  }
#endif
  return SimdLevel::generic;
}

}  // namespace

SimdLevel simd_choice() {
  static SimdLevel const chosen = choose();
  return chosen;
}

}  // namespace igwas::kernels
