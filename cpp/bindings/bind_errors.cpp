#include "bindings.hpp"
#include "igwas/error.hpp"

#include <exception>

namespace py = pybind11;

namespace igwas::bindings {

namespace {

[[nodiscard]] py::object python_class(char const* name) {
  return py::module_::import("igwas.errors").attr(name);
}

void raise_system_error(SystemError const& error) {
  // OSError(errno, text) becomes PermissionError, FileNotFoundError, ... by itself.
  py::object const instance =
      py::reinterpret_borrow<py::object>(PyExc_OSError)(error.code, error.what());
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(instance.ptr())), instance.ptr());
}

void translate(std::exception_ptr pointer) {
  try {
    if (pointer) {
      std::rethrow_exception(pointer);
    }
  } catch (SystemError const& error) {
    raise_system_error(error);
  } catch (ShapeError const& error) {
    PyErr_SetString(python_class("ShapeError").ptr(), error.what());
  } catch (InputError const& error) {
    PyErr_SetString(python_class("InputError").ptr(), error.what());
  } catch (CorruptFile const& error) {
    PyErr_SetString(python_class("CorruptFile").ptr(), error.what());
  } catch (DeviceUnavailable const& error) {
    PyErr_SetString(python_class("DeviceUnavailable").ptr(), error.what());
  } catch (Error const& error) {
    PyErr_SetString(python_class("IgwasError").ptr(), error.what());
  }
}

}  // namespace

void bind_errors(py::module_&) { py::register_exception_translator(&translate); }

}  // namespace igwas::bindings
