// A matrix somebody else owns: row-major, rows may be further apart than they are long.
#pragma once

#include <cstddef>

namespace igwas {

template <typename T>
struct MatrixView {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stride = 0;  ///< elements from one row to the next

  [[nodiscard]] constexpr T* row(std::size_t i) const noexcept { return data + i * stride; }
};

}  // namespace igwas
