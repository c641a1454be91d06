// What several topics bind to: sources and models, with the arrays they point into.
#pragma once

#include "igwas/device.hpp"
#include "igwas/error.hpp"
#include "igwas/genotype_source.hpp"
#include "igwas/scan_model.hpp"
#include "igwas/statistics_writer.hpp"

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

template <typename T>
[[nodiscard]] T* data_of(pybind11::dict const& arrays, char const* name) {
  auto array = pybind11::cast<Array<T>>(arrays[name]);
  return array.mutable_data();
}

/// All but beta and se, which have an axis of phenotypes; the arrays stay where they are while the
/// caller holds the dict.
[[nodiscard]] inline StatisticsArrays arrays_by_mask(pybind11::dict const& arrays,
                                                     std::size_t n_masks,
                                                     std::size_t n_phenotypes) {
  StatisticsArrays target;
  target.n_masks = n_masks;
  target.n_phenotypes = n_phenotypes;
  target.n = data_of<std::int32_t>(arrays, "n");
  target.missing_count = data_of<std::int32_t>(arrays, "missing_count");
  target.effect_allele_frequency = data_of<double>(arrays, "effect_allele_frequency");
  target.minor_allele_count = data_of<double>(arrays, "minor_allele_count");
  target.genotype_sum_of_squares = data_of<double>(arrays, "genotype_sum_of_squares");
  target.degrees_of_freedom = data_of<std::int32_t>(arrays, "degrees_of_freedom");
  target.reason = data_of<std::uint8_t>(arrays, "reason");
  target.omnibus_f = data_of<double>(arrays, "omnibus_f");
  target.omnibus_log10p = data_of<double>(arrays, "omnibus_log10p");
  return target;
}

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
