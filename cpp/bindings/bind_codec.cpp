#include "bindings.hpp"
#include "igwas/crc32c.hpp"
#include "igwas/error.hpp"
#include "igwas/zstd.hpp"

#include <span>

namespace py = pybind11;

namespace igwas::bindings {

namespace {

// The bytes of any C-contiguous buffer, held for as long as this lives.
class Bytes {
 public:
  explicit Bytes(py::buffer const& source) {
    if (PyObject_GetBuffer(source.ptr(), &view_, PyBUF_SIMPLE) != 0) {
      PyErr_Clear();
      throw ShapeError(
          "data is not contiguous in memory; expected C order. Pass "
          "numpy.ascontiguousarray(data).");
    }
  }
  ~Bytes() { PyBuffer_Release(&view_); }
  Bytes(Bytes const&) = delete;
  Bytes& operator=(Bytes const&) = delete;
  Bytes(Bytes&&) = delete;
  Bytes& operator=(Bytes&&) = delete;

  [[nodiscard]] std::span<std::byte const> span() const noexcept {
    return {static_cast<std::byte const*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_{};
};

// Python knows where the library is (inside hdf5plugin), so the first use asks it.
void require_zstd() {
  if (!zstd_is_loaded()) {
    py::module_::import("igwas._codec").attr("ensure_zstd")();
  }
}

[[nodiscard]] std::uint32_t checksum(py::buffer const& data) {
  Bytes const bytes(data);
  py::gil_scoped_release const release;
  return crc32c(bytes.span());
}

[[nodiscard]] py::bytes compress(py::buffer const& data, int level) {
  require_zstd();
  Bytes const bytes(data);
  std::vector<std::byte> frame;
  {
    py::gil_scoped_release const release;
    frame = zstd_compress(bytes.span(), level);
  }
  return {reinterpret_cast<char const*>(frame.data()), frame.size()};
}

[[nodiscard]] py::bytes decompress(py::buffer const& data, std::size_t size) {
  require_zstd();
  Bytes const bytes(data);
  auto result = py::reinterpret_steal<py::bytes>(
      PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
  if (!result) {
    throw py::error_already_set();
  }
  std::span<std::byte> const out(reinterpret_cast<std::byte*>(PyBytes_AS_STRING(result.ptr())),
                                 size);
  {
    py::gil_scoped_release const release;
    zstd_decompress(bytes.span(), out);
  }
  return result;
}

}  // namespace

void bind_codec(py::module_& module) {
  module.def("crc32c", &checksum, py::arg("data"), "CRC-32C of any C-contiguous buffer.");
  module.def("load_zstd", &load_zstd, py::arg("path"),
             "Bind zstd from a shared library; the first success holds for the process.");
  module.def("zstd_is_loaded", &zstd_is_loaded, "True once load_zstd has succeeded.");
  module.def("zstd_compress", &compress, py::arg("data"), py::arg("level"),
             "One zstd frame holding the bytes of any C-contiguous buffer.");
  module.def("zstd_decompress", &decompress, py::arg("data"), py::arg("size"),
             "The bytes of a zstd frame; CorruptFile unless there are exactly `size`.");
}

}  // namespace igwas::bindings
