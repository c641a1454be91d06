// What several topics bind to: sources and models, with the arrays they point into.
#pragma once

#include "igwas/error.hpp"
#include "igwas/genotype_source.hpp"
#include "igwas/scan_model.hpp"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <vector>

namespace igwas::bindings {

template <typename T>
using Array = pybind11::array_t<T, pybind11::array::c_style>;

template <typename T>
[[nodiscard]] std::vector<T> to_vector(Array<T> const& array) {
  return {array.data(), array.data() + array.size()};
}

/// A source and the array it may point into.
struct Source {
  std::unique_ptr<GenotypeSource> source;
  pybind11::object keep_alive;
};

/// A model and the array its columns lie in.
struct Model {
  ScanModel model;
  Array<double> columns;
};

}  // namespace igwas::bindings
