// The product alone, without statistics: what tests compare and benchmarks time.
#include "bindings.hpp"
#include "igwas/batch_products.hpp"
#include "igwas/fixed_products.hpp"
#include "scan_handles.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace py = pybind11;

namespace igwas::bindings {

namespace {

[[nodiscard]] Array<double> to_array(std::vector<double> const& values, std::size_t n_columns) {
  Array<double> array({values.size() / n_columns, n_columns});
  std::ranges::copy(values, array.mutable_data());
  return array;
}

[[nodiscard]] py::tuple multiply_calls(Source const& source, Model const& model,
                                       Array<std::int64_t> const& source_row, bool is_full,
                                       std::size_t threads, std::size_t repeats,
                                       py::object const& device) {
  std::span<std::int64_t const> const rows{source_row.data(),
                                           static_cast<std::size_t>(source_row.size())};
  Device const* const chosen = device_of(device);
  TimedProducts found;
  {
    py::gil_scoped_release const released;
    found = multiply_rows(Context{threads}, *source.source, model.model, rows,
                          is_full ? Precision::full : Precision::standard, repeats, chosen);
  }
  std::size_t const n_columns = model.model.columns.columns;
  return py::make_tuple(to_array(found.products.called, n_columns),
                        to_array(found.products.missing, n_columns), found.seconds);
}

}  // namespace

void bind_products(py::module_& module) {
  module.def("simd_level", &simd_level);
  module.def("multiply_calls", &multiply_calls, py::kw_only(), py::arg("source"), py::arg("model"),
             py::arg("source_row").noconvert(), py::arg("is_full"), py::arg("threads"),
             py::arg("repeats"), py::arg("device") = py::none());
}

}  // namespace igwas::bindings
