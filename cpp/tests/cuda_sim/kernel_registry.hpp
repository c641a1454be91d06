// Which function of this program a kernel's address is.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace cuda_sim {

/// A kernel with one argument, passed by value.
struct Kernel {
  std::vector<std::string> name_parts;  ///< all in the name that nvcc gives it, and in no other's
  std::size_t argument_bytes;
  std::function<void(void const* argument)> call;
  /// Addresses in the argument that must be of the stream's device.
  std::function<std::vector<void const*>(void const* argument)> addresses;
};

/// Make a kernel known; at start-up.
void add_kernel(void const* address, Kernel kernel);

/// Null for an address that is no kernel's.
[[nodiscard]] Kernel const* find_kernel(void const* address);

}  // namespace cuda_sim
