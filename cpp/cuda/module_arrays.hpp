// The part of the module that exchanges arrays with other libraries.
#pragma once

#include <pybind11/pybind11.h>

namespace igwas::cuda {

void bind_arrays(pybind11::module_& module);

}  // namespace igwas::cuda
