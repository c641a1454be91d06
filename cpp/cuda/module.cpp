// The GPU backend for Python: what there is, and a device that _core's scan can use.
#include "../bindings/bindings.hpp"
#include "../bindings/scan_handles.hpp"
#include "cuda_device.hpp"
#include "module_arrays.hpp"

#include <pybind11/stl.h>

#include <memory>
#include <utility>
#include <vector>

namespace py = pybind11;

namespace {

[[nodiscard]] py::tuple status() {
  auto const found = igwas::cuda::cuda_status();
  return py::make_tuple(found.is_usable, found.reason);
}

[[nodiscard]] py::list gpus() {
  py::list all;
  for (auto const& facts : igwas::cuda::list_gpus()) {
    py::dict one;
    one["name"] = facts.name;
    one["compute_capability"] = py::make_tuple(facts.major, facts.minor);
    one["memory_bytes"] = facts.memory_bytes;
    all.append(one);
  }
  return all;
}

[[nodiscard]] py::capsule open_device(std::vector<int> numbers) {
  std::unique_ptr<igwas::Device> device =
      std::make_unique<igwas::cuda::CudaDevice>(std::move(numbers));
  auto const close = [](PyObject* capsule) {
    delete static_cast<igwas::Device*>(
        PyCapsule_GetPointer(capsule, igwas::bindings::device_capsule));
  };
  return py::capsule(device.release(), igwas::bindings::device_capsule, close);
}

}  // namespace

PYBIND11_MODULE(_cuda, module) {
  module.doc() = "The GPU backend of igwas: which GPUs there are, and sums over genotypes on them.";
  igwas::bindings::bind_errors(module);
  module.def("cuda_status", &status);
  module.def("list_gpus", &gpus);
  module.def("open_device", &open_device, py::arg("gpus"));
  igwas::cuda::bind_arrays(module);
}
