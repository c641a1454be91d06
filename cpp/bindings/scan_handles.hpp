// What several topics bind to: sources and models, with the arrays they point into.
#pragma once

#include "igwas/device.hpp"
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

/// A capsule of this name holds a Device of another module, which owns it.
inline constexpr char const* device_capsule = "igwas.Device";

/// The device of a capsule; null for None.
[[nodiscard]] inline Device const* device_of(pybind11::object const& capsule) {
  if (capsule.is_none()) {
    return nullptr;
  }
  auto const holder = pybind11::cast<pybind11::capsule>(capsule);
  if (holder.name() == nullptr || std::string(holder.name()) != device_capsule) {
    throw Error("the device is a capsule of something else; expected one of igwas._cuda.");
  }
  return holder.get_pointer<Device>();
}

}  // namespace igwas::bindings
