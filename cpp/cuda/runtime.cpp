#include "runtime.hpp"

namespace igwas::cuda {

std::string describe(cudaError_t error) {
  return std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error);
}

void check(cudaError_t error, char const* what) {
  if (error == cudaSuccess) {
    return;
  }
  // Else the next call that succeeds would report it again.
  static_cast<void>(cudaGetLastError());
  if (error == cudaErrorMemoryAllocation) {
    throw OutOfMemory(std::string("the GPU has not enough memory to ") + what +
                      "; expected more. Scan fewer phenotypes at a time, or use --device cpu.");
  }
  throw Error(std::string("the GPU failed to ") + what + " (" + describe(error) +
              "); expected success. Go on with --resume and --device cpu, or mend the GPU.");
}

// Errors of what is given back are those of earlier work, which whoever waited for it has reported.
void FreeDevice::operator()(void* pointer) const noexcept { static_cast<void>(cudaFree(pointer)); }
void FreePinned::operator()(void* pointer) const noexcept {
  static_cast<void>(cudaFreeHost(pointer));
}
void DestroyStream::operator()(cudaStream_t stream) const noexcept {
  // Work that is queued may still use buffers of the stream's owner.
  static_cast<void>(cudaStreamSynchronize(stream));
  static_cast<void>(cudaStreamDestroy(stream));
}
void DestroyEvent::operator()(cudaEvent_t event) const noexcept {
  static_cast<void>(cudaEventDestroy(event));
}

void* allocate_device(std::size_t n_bytes) {
  void* memory = nullptr;
  check(cudaMalloc(&memory, n_bytes), "allocate memory");
  return memory;
}

void* allocate_pinned(std::size_t n_bytes) {
  void* memory = nullptr;
  check(cudaMallocHost(&memory, n_bytes), "pin memory of the host");
  return memory;
}

OnDevice::OnDevice(int gpu) {
  check(cudaGetDevice(&before_), "say which GPU is selected");
  check(cudaSetDevice(gpu), "select the GPU");
}

OnDevice::~OnDevice() { static_cast<void>(cudaSetDevice(before_)); }

Stream make_stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "create a stream");
  return Stream(stream);
}

Event make_event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventBlockingSync),
        "create an event");
  return Event(event);
}

}  // namespace igwas::cuda
