// Devices, streams, events, and the start of kernels.
#include "simulation_state.hpp"

#include <cstring>
#include <iterator>

namespace cuda_sim {

namespace {

[[nodiscard]] bool can_launch(dim3 grid, dim3 size) {
  constexpr unsigned most_blocks = 65535;
  unsigned const n_threads = size.x * size.y * size.z;
  return grid.x != 0 && grid.y != 0 && grid.z != 0 && grid.y <= most_blocks &&
         grid.z <= most_blocks && n_threads != 0 && n_threads <= 1024;
}

void run_kernel(Kernel const& kernel, std::vector<char> const& argument, dim3 grid, dim3 size) {
  ThreadOrder order = runtime().settings.threads;
  order.seed += static_cast<unsigned>(runtime().counts.launches);
  std::string const error = run_grid(grid, size, order, [&] { kernel.call(argument.data()); });
  if (!error.empty()) {
    violate(error);
    runtime().is_broken = true;
  }
}

}  // namespace

}  // namespace cuda_sim

using namespace cuda_sim;

cudaError_t cudaGetDeviceCount(int* n) {
  std::lock_guard const lock(runtime().mutex);
  *n = runtime().settings.n_devices;
  if (runtime().settings.driver_version < CUDART_VERSION) {
    return fail(cudaErrorInsufficientDriver);
  }
  return *n == 0 ? fail(cudaErrorNoDevice) : cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = runtime().settings.driver_version;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::strcpy(properties->name, "CPU that plays a GPU");
  properties->totalGlobalMem = runtime().settings.memory_bytes;
  properties->major = runtime().settings.major;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  std::lock_guard const lock(runtime().mutex);
  if (device < 0 || device >= runtime().settings.n_devices) {
    return fail(cudaErrorInvalidDevice);
  }
  current_device() = device;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = current_device();
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  std::lock_guard const lock(runtime().mutex);
  for (CUstream_st& stream : runtime().streams) {
    if (stream.device == current_device()) {
      drain(stream);
    }
  }
  return breaks_now() ? fail(cudaErrorIllegalAddress) : cudaSuccess;
}

cudaError_t cudaGetLastError() {
  std::lock_guard const lock(runtime().mutex);
  return std::exchange(runtime().last_error, cudaSuccess);
}

char const* cudaGetErrorName(cudaError_t error) {
  return error == cudaErrorIllegalAddress ? "cudaErrorIllegalAddress" : "cudaErrorOfTheSimulation";
}

char const* cudaGetErrorString(cudaError_t) { return "said by the simulation"; }

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  std::lock_guard const lock(runtime().mutex);
  runtime().streams.push_back({current_device(), {}});
  ++runtime().counts.live_handles;
  *stream = &runtime().streams.back();
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  std::lock_guard const lock(runtime().mutex);
  if (!is_live(stream)) {
    return fail(cudaErrorInvalidResourceHandle);
  }
  drain(*stream);
  return breaks_now() ? fail(cudaErrorIllegalAddress) : cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  std::lock_guard const lock(runtime().mutex);
  if (!is_live(stream)) {
    return fail(cudaErrorInvalidResourceHandle);
  }
  if (!stream->queue.empty()) {
    // Legal, and then it runs some time later: on the default stream here.
    auto& later = default_stream(stream->device)->queue;
    std::ranges::move(stream->queue, std::back_inserter(later));
  }
  runtime().streams.remove_if([stream](auto const& s) { return &s == stream; });
  --runtime().counts.live_handles;
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  std::lock_guard const lock(runtime().mutex);
  runtime().events.emplace_back();
  ++runtime().counts.live_handles;
  *event = &runtime().events.back();
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  std::lock_guard const lock(runtime().mutex);
  if (!is_live(stream)) {
    return fail(cudaErrorInvalidResourceHandle);
  }
  if (breaks_now()) {
    return fail(cudaErrorIllegalAddress);
  }
  std::size_t const number = ++event->n_recorded;
  event->stream = stream;
  push(*stream, {[=] { event->n_completed = number; }, {}});
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  std::lock_guard const lock(runtime().mutex);
  // Only the stream that the event is in, and only up to it; never recorded, it is complete.
  while (event->stream != nullptr && event->n_completed < event->n_recorded) {
    if (!step(*event->stream)) {
      violate("an event will never come");
      break;
    }
  }
  return breaks_now() ? fail(cudaErrorIllegalAddress) : cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  std::lock_guard const lock(runtime().mutex);
  runtime().events.remove_if([event](auto const& e) { return &e == event; });
  --runtime().counts.live_handles;
  return cudaSuccess;
}

cudaError_t cudaLaunchKernel(void const* address, dim3 grid, dim3 size, void** arguments,
                             std::size_t, cudaStream_t stream) {
  std::lock_guard const lock(runtime().mutex);
  Kernel const* kernel = find_kernel(address);
  if (kernel == nullptr) {
    return fail(cudaErrorInvalidDeviceFunction);
  }
  if (!can_launch(grid, size)) {
    return fail(cudaErrorInvalidConfiguration);
  }
  if (!is_live(stream)) {
    return fail(cudaErrorInvalidResourceHandle);
  }
  if (breaks_now()) {
    return fail(cudaErrorIllegalAddress);
  }
  auto const* start = static_cast<char const*>(arguments[0]);
  std::vector<char> const argument(start, start + kernel->argument_bytes);
  Work work{[=] { run_kernel(*kernel, argument, grid, size); }, {}};
  for (void const* operand : kernel->addresses(argument.data())) {
    Allocation const* of = allocation_of(operand, 1);
    if (of == nullptr || of->place != Place::device || of->device != stream->device) {
      violate("a kernel is given memory that is not of its device");
    }
    work.touches.emplace_back(static_cast<char const*>(operand), 1);
  }
  if (++runtime().counts.launches == runtime().settings.failing_launch) {
    return fail(cudaErrorInvalidConfiguration);
  }
  ++runtime().counts.launches_of[static_cast<std::size_t>(stream->device)];
  push(*stream, std::move(work));
  return cudaSuccess;
}

// What nvcc's objects call at start-up to make their kernels known: the stub that the host
// launches, and its name. The code for GPUs that comes with them is left aside.

extern "C" void** __cudaRegisterFatBinary(void*) {
  static void* handle = nullptr;
  return &handle;
}
extern "C" void __cudaRegisterFatBinaryEnd(void**) {}
extern "C" void __cudaUnregisterFatBinary(void**) {}
extern "C" char __cudaInitModule(void**) { return 1; }
extern "C" void __cudaRegisterFunction(void**, char const* stub, char*, char const* name, int,
                                       void*, void*, void*, void*, int*) {
  auto const is_named = [name](auto const& entry) {
    return std::ranges::all_of(entry.second.name_parts, [name](std::string const& part) {
      return std::strstr(name, part.c_str()) != nullptr;
    });
  };
  auto const found = std::ranges::find_if(kernels(), is_named);
  if (found == kernels().end()) {
    violate(std::string("there is no kernel for the CPU named ") + name);
    return;
  }
  Kernel const twin = found->second;
  kernels()[stub] = twin;
}
// Of `kernel<<<...>>>`, which our sources do not use; the stubs refer to them.
extern "C" cudaError_t __cudaPopCallConfiguration(dim3*, dim3*, std::size_t*, void*) {
  return cudaErrorInvalidValue;
}
extern "C" cudaError_t __cudaGetKernel(void**, void const*) { return cudaErrorInvalidValue; }
extern "C" cudaError_t __cudaLaunchKernel(void*, dim3, dim3, void**, std::size_t, cudaStream_t) {
  return cudaErrorInvalidValue;
}
