// Copies of an allele as arrays hold them: 0 to 2, or missing. One body for the CPU and for GPUs.
#pragma once

#include "igwas/host_device.hpp"

#include <type_traits>

namespace igwas {

/// NaN, or a negative integer.
template <typename T>
[[nodiscard]] IGWAS_HOST_DEVICE inline bool is_missing_copies(T value) noexcept {
  if constexpr (std::is_integral_v<T>) {
    return value < 0;
  } else {
    return value != value;
  }
}

/// No copy, one, two, or missing.
template <typename T>
[[nodiscard]] IGWAS_HOST_DEVICE inline bool is_call(T value) noexcept {
  return value == T{0} || value == T{1} || value == T{2} || is_missing_copies(value);
}

/// PLINK's code of a call: 0 two effect alleles, 1 missing, 2 one of each, 3 none.
template <typename T>
[[nodiscard]] IGWAS_HOST_DEVICE inline unsigned char code_of_call(T copies) noexcept {
  if (is_missing_copies(copies)) {
    return 1;
  }
  return copies == T{2} ? 0 : (copies == T{1} ? 2 : 3);
}

}  // namespace igwas
