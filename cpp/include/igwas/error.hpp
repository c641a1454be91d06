// Errors of the core. The bindings translate each to the Python class of the same name.
#pragma once

#include <stdexcept>
#include <string>

namespace igwas {

/// Base of every error thrown on purpose. The message follows the error template of the project:
/// what is wrong with its value; what was expected; what to do next.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Arrays disagree on an axis.
struct ShapeError : Error {
  using Error::Error;
};

/// A value that was given cannot be used.
struct InputError : Error {
  using Error::Error;
};

/// Stored bytes do not match their checksum, cannot be decompressed, or the file is too short.
struct CorruptFile : Error {
  using Error::Error;
};

/// The system refused a read or a write; `code` is errno.
struct SystemError : Error {
  SystemError(std::string const& message, int error_code) : Error(message), code(error_code) {}
  int code;
};

/// A device or a library that was asked for cannot be used.
struct DeviceUnavailable : Error {
  using Error::Error;
};

}  // namespace igwas
