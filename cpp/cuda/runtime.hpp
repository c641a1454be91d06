// Owners of what the CUDA runtime hands out, and its errors as exceptions.
#pragma once

#include "igwas/error.hpp"

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <string>

namespace igwas::cuda {

/// The device has not enough memory left; whoever catches it may ask for less.
struct OutOfMemory : DeviceUnavailable {
  using DeviceUnavailable::DeviceUnavailable;
};

/// Name and text of an error.
[[nodiscard]] std::string describe(cudaError_t error);

/// Throw unless `error` is success: OutOfMemory, else Error. `what` was being done.
void check(cudaError_t error, char const* what);

struct FreeDevice {
  void operator()(void* pointer) const noexcept;
};
struct FreePinned {
  void operator()(void* pointer) const noexcept;
};
struct DestroyStream {
  void operator()(cudaStream_t stream) const noexcept;
};
struct DestroyEvent {
  void operator()(cudaEvent_t event) const noexcept;
};

[[nodiscard]] void* allocate_device(std::size_t n_bytes);
[[nodiscard]] void* allocate_pinned(std::size_t n_bytes);

/// Memory of the current device, or of the host where the device can reach it.
template <typename T, typename Free>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(void* memory) : memory_(static_cast<T*>(memory)) {}
  [[nodiscard]] T* data() const noexcept { return memory_.get(); }

 private:
  std::unique_ptr<T, Free> memory_;
};

template <typename T>
using DeviceBuffer = Buffer<T, FreeDevice>;
template <typename T>
using PinnedBuffer = Buffer<T, FreePinned>;

template <typename T>
[[nodiscard]] DeviceBuffer<T> device_buffer(std::size_t n) {
  return DeviceBuffer<T>(allocate_device(n * sizeof(T)));
}

template <typename T>
[[nodiscard]] PinnedBuffer<T> pinned_buffer(std::size_t n) {
  return PinnedBuffer<T>(allocate_pinned(n * sizeof(T)));
}

using Stream = std::unique_ptr<CUstream_st, DestroyStream>;
using Event = std::unique_ptr<CUevent_st, DestroyEvent>;

/// Makes a GPU the calling thread's, and what it was before again at the end: the thread is of a
/// program that may use others.
class OnDevice {
 public:
  explicit OnDevice(int gpu);
  ~OnDevice();
  OnDevice(OnDevice const&) = delete;
  OnDevice& operator=(OnDevice const&) = delete;

 private:
  int before_ = 0;
};

/// A stream that waits for no other one.
[[nodiscard]] Stream make_stream();
/// An event without a clock; whoever waits for it sleeps.
[[nodiscard]] Event make_event();

}  // namespace igwas::cuda
