#include "device_array.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace igwas::cuda {

namespace {

/// What another library holds of an array of ours.
struct HandedOut {
  DlManagedTensor tensor;
  DeviceArray array;
  std::vector<std::int64_t> strides;
};

[[nodiscard]] std::size_t bytes_of(DlType type, std::vector<std::int64_t> const& shape) noexcept {
  return std::accumulate(
      shape.begin(), shape.end(), std::size_t{type.bits} / 8,
      [](std::size_t n, std::int64_t size) { return n * static_cast<std::size_t>(size); });
}

/// Of an array whose last axis lies side by side, and so on.
[[nodiscard]] std::vector<std::int64_t> compact_strides(std::vector<std::int64_t> const& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) {
    strides[axis - 1] = strides[axis] * shape[axis];
  }
  return strides;
}

}  // namespace

DeviceArray make_device_array(DlType type, std::vector<std::int64_t> shape, int gpu) {
  // No allocation may be empty.
  std::size_t const n_bytes = std::max<std::size_t>(1, bytes_of(type, shape));
  std::shared_ptr<void> memory(allocate_device(n_bytes), FreeDevice{});
  return {std::move(memory), type, std::move(shape), gpu};
}

DeviceArray upload_array(void const* values, DlType type, std::vector<std::int64_t> shape,
                         int gpu) {
  OnDevice const here(gpu);
  DeviceArray array = make_device_array(type, std::move(shape), gpu);
  std::size_t const n_bytes = bytes_of(type, array.shape);
  if (n_bytes != 0) {
    check(cudaMemcpy(array.memory.get(), values, n_bytes, cudaMemcpyHostToDevice), "copy an array");
    // As for the columns: what reads it waits for no other stream.
    check(cudaDeviceSynchronize(), "copy an array");
  }
  return array;
}

DlManagedTensor* hand_out(DeviceArray const& array) {
  auto held = std::make_unique<HandedOut>();
  held->array = array;
  held->strides = compact_strides(array.shape);
  held->tensor.tensor = {
      .data = array.memory.get(),
      .device = {dl_cuda, array.gpu},
      .n_axes = static_cast<std::int32_t>(array.shape.size()),
      .type = array.type,
      .shape = held->array.shape.data(),
      .strides = held->strides.data(),
      .byte_offset = 0,
  };
  held->tensor.owner = held.get();
  held->tensor.release = [](DlManagedTensor* of) { delete static_cast<HandedOut*>(of->owner); };
  return &held.release()->tensor;
}

Arrival::Arrival(int gpu) {
  OnDevice const here(gpu);
  stream_ = make_stream();
}

void Arrival::wait() const { check(cudaStreamSynchronize(stream_.get()), "wait for an array"); }

void ReleaseTensor::operator()(DlManagedTensor* tensor) const noexcept {
  if (tensor->release != nullptr) {
    tensor->release(tensor);
  }
}

ForeignArray::ForeignArray(TakenTensor taken, int gpu, std::string what)
    : taken_(std::move(taken)) {
  DlTensor const& of = taken_->tensor;
  if (of.device.type != dl_cuda || of.device.number != gpu) {
    throw InputError(what + " lie on device " + std::to_string(of.device.type) + " " +
                     std::to_string(of.device.number) + " but their library says GPU " +
                     std::to_string(gpu) + "; expected one place. Copy them, and give the copy.");
  }
  if (of.type.lanes != 1 || of.type.bits % 8 != 0 || of.type.bits == 0) {
    throw InputError(what + " hold elements of " + std::to_string(of.type.lanes) + " x " +
                     std::to_string(of.type.bits) + " bits; expected plain numbers. Convert them.");
  }
  shape_.assign(of.shape, of.shape + of.n_axes);
  strides_ = of.strides != nullptr ? std::vector(of.strides, of.strides + of.n_axes)
                                   : compact_strides(shape_);
}

char* ForeignArray::data() const noexcept {
  return static_cast<char*>(taken_->tensor.data) + taken_->tensor.byte_offset;
}

ForeignArray::Span ForeignArray::span() const noexcept {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  for (std::size_t axis = 0; axis < shape_.size(); ++axis) {
    if (shape_[axis] == 0) {
      return {0, 0};
    }
    std::int64_t const reach = (shape_[axis] - 1) * strides_[axis];
    lowest += std::min<std::int64_t>(reach, 0);
    highest += std::max<std::int64_t>(reach, 0);
  }
  std::int64_t const size = type().bits / 8;
  return {lowest * size, static_cast<std::size_t>((highest - lowest + 1) * size)};
}

void ForeignArray::copy_span(void* to) const {
  Span const of = span();
  OnDevice const here(gpu());
  if (of.n_bytes != 0) {
    check(cudaMemcpy(to, data() + of.first, of.n_bytes, cudaMemcpyDeviceToHost), "copy an array");
  }
}

}  // namespace igwas::cuda
