// One bind_* function a topic; module.cpp calls them all.
#pragma once

#include <pybind11/pybind11.h>

namespace igwas::bindings {

void bind_errors(pybind11::module_& module);
void bind_scan(pybind11::module_& module);
void bind_products(pybind11::module_& module);
void bind_codec(pybind11::module_& module);
void bind_tails(pybind11::module_& module);

}  // namespace igwas::bindings
