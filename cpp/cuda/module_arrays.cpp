#include "module_arrays.hpp"

#include "../bindings/scan_handles.hpp"
#include "array_scan.hpp"
#include "device_array.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace py = pybind11;

namespace igwas::cuda {

namespace {

using bindings::Array;

constexpr char const* capsule_name = "dltensor";
/// As DLPack says of a capsule whose tensor has been taken out.
constexpr char const* used_name = "used_dltensor";

/// Another library's array: what its work leaves in it has arrived.
[[nodiscard]] std::unique_ptr<ForeignArray> take_array(py::object const& values, int gpu,
                                                       std::string what) {
  Arrival const arrival(gpu);
  py::object const capsule = values.attr("__dlpack__")(py::arg("stream") = arrival.stream());
  if (PyCapsule_IsValid(capsule.ptr(), capsule_name) == 0) {
    throw InputError(what +
                     " come in no capsule named dltensor; expected DLPack's. Use a newer "
                     "version of their library.");
  }
  TakenTensor taken(
      static_cast<DlManagedTensor*>(PyCapsule_GetPointer(capsule.ptr(), capsule_name)));
  PyCapsule_SetName(capsule.ptr(), used_name);
  {
    py::gil_scoped_release const released;
    arrival.wait();
  }
  return std::make_unique<ForeignArray>(std::move(taken), gpu, std::move(what));
}

[[nodiscard]] py::dtype numpy_type(DlType type) {
  char const* const letters[] = {"i", "u", "f"};
  if (type.code == dl_bool) {
    return py::dtype("bool");
  }
  if (type.code > dl_float) {
    throw InputError("an array on a GPU has elements of DLPack's type " +
                     std::to_string(type.code) +
                     "; expected floats or integers. Convert it first.");
  }
  return py::dtype(letters[type.code] + std::to_string(type.bits / 8));
}

/// A copy in NumPy's memory, with the strides of the original.
[[nodiscard]] py::array copy_to_host(ForeignArray const& of) {
  ForeignArray::Span const span = of.span();
  py::dtype const type = numpy_type(of.type());
  py::array_t<std::uint8_t> bytes(static_cast<py::ssize_t>(span.n_bytes));
  std::uint8_t* const start = bytes.mutable_data();
  {
    py::gil_scoped_release const released;
    of.copy_span(start);
  }
  std::vector<py::ssize_t> strides;
  for (std::int64_t const stride : of.strides()) {
    strides.push_back(stride * type.itemsize());
  }
  return {type, of.shape(), strides, start - span.first, bytes};
}

[[nodiscard]] DlType type_of(py::dtype const& type) {
  auto const bits = static_cast<std::uint8_t>(8 * type.itemsize());
  std::uint8_t const code = type.kind() == 'f' ? dl_float : (type.kind() == 'u' ? dl_uint : dl_int);
  return {code, bits, 1};
}

[[nodiscard]] DeviceArray upload(py::array const& values, int gpu) {
  void const* const start = values.data();
  DlType const type = type_of(values.dtype());
  std::vector<std::int64_t> const shape(values.shape(), values.shape() + values.ndim());
  // What is waited for may be work of others, which needs the lock.
  py::gil_scoped_release const released;
  return upload_array(start, type, shape, gpu);
}

/// For a library's from_dlpack(). All that is in the array has happened, whatever the stream.
[[nodiscard]] py::capsule to_capsule(DeviceArray const& of, py::object const&, py::object const&,
                                     std::optional<std::pair<int, int>> const& device,
                                     std::optional<bool> copy) {
  if ((device && *device != std::pair(static_cast<int>(dl_cuda), of.gpu)) || copy.value_or(false)) {
    PyErr_SetString(PyExc_BufferError, "results lie on a GPU and are handed out there, not copied");
    throw py::error_already_set();
  }
  auto const release = [](PyObject* capsule) {
    // Renamed by whoever took the tensor: then it is theirs to release.
    if (PyCapsule_IsValid(capsule, capsule_name) != 0) {
      auto* const tensor =
          static_cast<DlManagedTensor*>(PyCapsule_GetPointer(capsule, capsule_name));
      tensor->release(tensor);
    }
  };
  return py::capsule(hand_out(of), capsule_name, release);
}

[[nodiscard]] py::dict scan(ForeignArray const& genotypes, bindings::Model const& model,
                            ScanOptions const& options, py::dict const& arrays,
                            std::size_t threads) {
  ArrayGenotypes const rows = genotypes_in(genotypes);
  StatisticsArrays const small =
      bindings::arrays_by_mask(arrays, model.model.masks.size(), options.n_phenotypes);
  auto const watch = [] {
    py::gil_scoped_acquire const held;
    if (PyErr_CheckSignals() != 0) {
      throw py::error_already_set();
    }
  };
  std::optional<ArrayResults> found;
  {
    py::gil_scoped_release const released;
    found = scan_array(igwas::Context{threads}, rows, model.model, options, small, watch);
  }
  py::dict results;
  results["beta"] = found->beta;
  results["se"] = found->se;
  results["t"] = found->t;
  results["log10p"] = found->log10p;
  results["degrees_of_freedom"] = found->degrees_of_freedom;
  return results;
}

}  // namespace

void bind_arrays(py::module_& module) {
  py::class_<ForeignArray>(module, "ForeignArray", py::module_local())
      .def_property_readonly(
          "shape", [](ForeignArray const& of) { return py::tuple(py::cast(of.shape())); });
  py::class_<DeviceArray>(module, "DeviceArray", py::module_local())
      .def("__dlpack__", &to_capsule, py::kw_only(), py::arg("stream") = py::none(),
           py::arg("max_version") = py::none(), py::arg("dl_device") = py::none(),
           py::arg("copy") = py::none())
      .def("__dlpack_device__",
           [](DeviceArray const& of) { return py::make_tuple(static_cast<int>(dl_cuda), of.gpu); });
  module.def("take_array", &take_array, py::kw_only(), py::arg("values"), py::arg("gpu"),
             py::arg("what"));
  module.def("copy_to_host", &copy_to_host, py::arg("array"));
  module.def("upload", &upload, py::kw_only(), py::arg("values"), py::arg("gpu"));
  module.def("scan_array", &scan, py::kw_only(), py::arg("genotypes"), py::arg("model"),
             py::arg("options"), py::arg("arrays"), py::arg("threads"));
}

}  // namespace igwas::cuda
