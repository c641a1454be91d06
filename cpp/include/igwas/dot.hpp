// Inner product in one fixed order of summation.
#pragma once

#include <cstddef>

namespace igwas {

/// sum a[i] b[i], in eight running sums added at the end: the same bits on every machine.
[[nodiscard]] double dot(double const* a, double const* b, std::size_t n) noexcept;

}  // namespace igwas
