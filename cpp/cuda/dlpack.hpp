// The structures in which libraries hand each other arrays, as https://dmlc.github.io/dlpack/latest
// lays them out (those without a version, which every library takes).
#pragma once

#include <cstdint>

namespace igwas::cuda {

inline constexpr std::int32_t dl_cuda = 2;

inline constexpr std::uint8_t dl_int = 0;
inline constexpr std::uint8_t dl_uint = 1;
inline constexpr std::uint8_t dl_float = 2;
inline constexpr std::uint8_t dl_bool = 6;

struct DlDevice {
  std::int32_t type;
  std::int32_t number;
};

struct DlType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;

  friend bool operator==(DlType const&, DlType const&) = default;
};

struct DlTensor {
  void* data;
  DlDevice device;
  std::int32_t n_axes;
  DlType type;
  std::int64_t* shape;
  std::int64_t* strides;  ///< elements; null: the last axis side by side, and so on
  std::uint64_t byte_offset;
};

struct DlManagedTensor {
  DlTensor tensor;
  void* owner;
  void (*release)(DlManagedTensor*);
};

}  // namespace igwas::cuda
