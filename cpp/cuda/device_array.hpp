// Arrays in a GPU's memory: those of other libraries, and ours for them.
#pragma once

#include "array_arguments.hpp"
#include "dlpack.hpp"
#include "runtime.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace igwas::cuda {

/// Our own, side by side; whoever was handed it shares the memory.
struct DeviceArray {
  std::shared_ptr<void> memory;
  DlType type;
  std::vector<std::int64_t> shape;
  int gpu;

  template <typename T>
  [[nodiscard]] T* data() const noexcept {
    return static_cast<T*>(memory.get());
  }
};

/// An array on the current GPU, number `gpu`, with nothing in it yet. It may be empty.
[[nodiscard]] DeviceArray make_device_array(DlType type, std::vector<std::int64_t> shape, int gpu);

/// The same on any GPU with a copy of `values`, which has arrived.
[[nodiscard]] DeviceArray upload_array(void const* values, DlType type,
                                       std::vector<std::int64_t> shape, int gpu);

/// For another library, which releases it; the memory lives until the last has let go.
[[nodiscard]] DlManagedTensor* hand_out(DeviceArray const& array);

struct ReleaseTensor {
  void operator()(DlManagedTensor* tensor) const noexcept;
};
using TakenTensor = std::unique_ptr<DlManagedTensor, ReleaseTensor>;

/// On which another library's work on an array is waited for, so that any stream may read after.
class Arrival {
 public:
  explicit Arrival(int gpu);

  /// For __dlpack__(stream=...): the library makes this stream wait for its own.
  [[nodiscard]] std::uintptr_t stream() const noexcept {
    return reinterpret_cast<std::uintptr_t>(stream_.get());
  }
  /// Until what the array is made of is there.
  void wait() const;

 private:
  Stream stream_;
};

/// Another library's, given back to it at the end.
class ForeignArray {
 public:
  /// \param what it holds, for messages.
  /// \throws InputError if it is not on GPU `gpu`, or its elements are no plain numbers.
  ForeignArray(TakenTensor taken, int gpu, std::string what);

  [[nodiscard]] int gpu() const noexcept { return taken_->tensor.device.number; }
  [[nodiscard]] DlType type() const noexcept { return taken_->tensor.type; }
  [[nodiscard]] std::vector<std::int64_t> const& shape() const noexcept { return shape_; }
  /// Elements from one place of an axis to the next.
  [[nodiscard]] std::vector<std::int64_t> const& strides() const noexcept { return strides_; }
  /// The first element.
  [[nodiscard]] char* data() const noexcept;

  /// The bytes that its elements lie in, from the lowest address on.
  struct Span {
    std::int64_t first;  ///< of the lowest, seen from data(): zero, or below where strides are
    std::size_t n_bytes;
  };
  [[nodiscard]] Span span() const noexcept;
  /// Copy them to the host.
  void copy_span(void* to) const;

 private:
  TakenTensor taken_;
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> strides_;
};

}  // namespace igwas::cuda
