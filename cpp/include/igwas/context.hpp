// How to run. Passed explicitly, first argument; there are no process-wide settings.
#pragma once

#include <cstddef>

namespace igwas {

struct Context {
  std::size_t threads = 1;
};

}  // namespace igwas
