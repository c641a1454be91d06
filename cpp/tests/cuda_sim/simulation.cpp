#include "simulation.hpp"

#include "kernel_registry.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <utility>

// What the runtime hands out; the names are the toolkit's.
struct CUstream_st;

struct CUevent_st {
  std::size_t n_recorded = 0;
  std::size_t n_completed = 0;
  CUstream_st* stream = nullptr;  ///< where it was recorded last
};

struct CUstream_st {
  struct Work {
    std::function<void()> run;
    std::vector<std::pair<char const*, std::size_t>> touches;
  };
  int device = 0;
  std::deque<Work> queue;
};

namespace cuda_sim {

namespace {

using Work = CUstream_st::Work;

enum class Place { device, host };

struct Allocation {
  std::size_t n_bytes;
  Place place;
  int device;
};

struct Runtime {
  std::recursive_mutex mutex;
  Settings settings;
  Counts counts;
  std::vector<std::string> violations;
  std::map<char const*, Allocation> memory;
  std::list<CUstream_st> streams;  ///< the first of each device is its default one
  std::list<CUevent_st> events;
  std::mt19937 random{1};
  cudaError_t last_error = cudaSuccess;
  bool is_broken = false;

  Runtime() { start({}); }

  void start(Settings const& with) {
    settings = with;
    counts = {};
    counts.launches_of.resize(static_cast<std::size_t>(std::max(0, with.n_devices)));
    violations.clear();
    random.seed(with.seed);
    last_error = cudaSuccess;
    is_broken = false;
    streams.clear();
    for (int device = 0; device < with.n_devices; ++device) {
      streams.push_back({device, {}});
    }
  }
};

Runtime& runtime() {
  static Runtime instance;
  return instance;
}

thread_local int current_device = 0;

std::map<void const*, Kernel>& kernels() {
  static std::map<void const*, Kernel> instance;
  return instance;
}

void violate(std::string what) {
  std::fprintf(stderr, "CUDA rule broken: %s\n", what.c_str());
  runtime().violations.push_back(std::move(what));
}

cudaError_t fail(cudaError_t error) {
  runtime().last_error = error;
  return error;
}

/// One call that may find that earlier work has failed.
[[nodiscard]] bool breaks_now() {
  Runtime& of = runtime();
  of.is_broken = of.is_broken || ++of.counts.calls == of.settings.failing_call;
  return of.is_broken;
}

[[nodiscard]] bool allocation_fails() {
  Runtime& of = runtime();
  std::size_t const number = ++of.counts.allocations;
  std::size_t const failing = of.settings.failing_allocation;
  return failing != 0 && (number == failing || (of.settings.keeps_failing && number > failing));
}

[[nodiscard]] std::size_t bytes_in_use(int device) {
  std::size_t n = 0;
  for (auto const& [address, of] : runtime().memory) {
    n += of.place == Place::device && of.device == device ? of.n_bytes : 0;
  }
  return n;
}

/// The allocation that holds all of [address, address + n_bytes), or null.
[[nodiscard]] Allocation const* allocation_of(void const* address, std::size_t n_bytes) {
  auto const* start = static_cast<char const*>(address);
  auto found = runtime().memory.upper_bound(start);
  if (found == runtime().memory.begin()) {
    return nullptr;
  }
  --found;
  bool const is_inside = start + n_bytes <= found->first + found->second.n_bytes;
  return is_inside ? &found->second : nullptr;
}

bool step(CUstream_st& stream) {
  if (stream.queue.empty()) {
    return false;
  }
  Work const work = std::move(stream.queue.front());
  stream.queue.pop_front();
  work.run();
  return true;
}

void drain(CUstream_st& stream) {
  while (step(stream)) {
  }
}

/// Work that the choice of order lets run at this call.
void go_on() {
  Runtime& of = runtime();
  if (of.settings.streams == StreamOrder::eager) {
    std::ranges::for_each(of.streams, drain);
    return;
  }
  if (of.settings.streams == StreamOrder::lazy || of.streams.empty()) {
    return;
  }
  for (std::size_t left = of.random() % 4; left != 0; --left) {
    step(*std::next(of.streams.begin(), static_cast<long>(of.random() % of.streams.size())));
  }
}

[[nodiscard]] CUstream_st* default_stream(int device) {
  return &*std::next(runtime().streams.begin(), device);
}

[[nodiscard]] bool is_live(cudaStream_t stream) {
  return std::ranges::any_of(runtime().streams, [&](auto const& s) { return &s == stream; });
}

void push(CUstream_st& stream, Work work) {
  stream.queue.push_back(std::move(work));
  go_on();
}

void check_touched(char const* address, std::size_t n_bytes, char const* what) {
  for (CUstream_st const& stream : runtime().streams) {
    for (Work const& work : stream.queue) {
      for (auto const& [start, size] : work.touches) {
        if (start < address + n_bytes && address < start + size) {
          violate(std::string(what) + " is freed while queued work uses it");
          return;
        }
      }
    }
  }
}

cudaError_t allocate(void** memory, std::size_t n_bytes, Place place) {
  Runtime& of = runtime();
  std::lock_guard const lock(of.mutex);
  if (n_bytes == 0) {
    violate("an allocation of no bytes");
  }
  bool const is_full =
      place == Place::device && bytes_in_use(current_device) + n_bytes > of.settings.memory_bytes;
  if (allocation_fails() || is_full) {
    return fail(cudaErrorMemoryAllocation);
  }
  *memory = std::malloc(n_bytes);
  std::memset(*memory, place == Place::device ? 0xA5 : 0x5A, n_bytes);
  of.memory[static_cast<char*>(*memory)] = {n_bytes, place, current_device};
  ++of.counts.live_buffers;
  return cudaSuccess;
}

cudaError_t release(void* memory, Place place) {
  Runtime& of = runtime();
  std::lock_guard const lock(of.mutex);
  if (memory == nullptr) {
    return cudaSuccess;
  }
  auto const found = of.memory.find(static_cast<char*>(memory));
  if (found == of.memory.end() || found->second.place != place) {
    violate("memory is freed that was not allocated there");
    return fail(cudaErrorInvalidValue);
  }
  check_touched(found->first, found->second.n_bytes, "a buffer");
  of.memory.erase(found);
  --of.counts.live_buffers;
  std::free(memory);
  return cudaSuccess;
}

struct Copy {
  void* to;
  void const* from;
  std::size_t n_bytes;
  cudaMemcpyKind kind;

  [[nodiscard]] bool is_upload() const { return kind == cudaMemcpyHostToDevice; }

  /// Whether the device's side is in a buffer of `device` and the host's side is not on a device.
  [[nodiscard]] bool is_legal(int device) const {
    Allocation const* there = allocation_of(is_upload() ? to : from, n_bytes);
    Allocation const* here = allocation_of(is_upload() ? from : to, n_bytes);
    return there != nullptr && there->place == Place::device && there->device == device &&
           (here == nullptr || here->place == Place::host);
  }
  [[nodiscard]] bool is_pinned() const {
    Allocation const* here = allocation_of(is_upload() ? from : to, n_bytes);
    return here != nullptr && here->place == Place::host;
  }
  void run() const {
    std::memcpy(to, from, n_bytes);
    if (!is_upload() && n_bytes != 0 && runtime().settings.corrupts_results) {
      *static_cast<char*>(to) ^= 1;
    }
  }
};

/// Pageable memory is read at once, but what was read may arrive later.
[[nodiscard]] std::function<void()> upload_of_snapshot(Copy const& copy) {
  auto const* start = static_cast<char const*>(copy.from);
  auto const held = std::make_shared<std::vector<char>>(start, start + copy.n_bytes);
  return [held, to = copy.to] { std::memcpy(to, held->data(), held->size()); };
}

cudaError_t queue_copy(Copy const& copy, CUstream_st& stream) {
  if (!copy.is_legal(stream.device)) {
    violate("a copy reaches outside a buffer, or to another device");
    return fail(cudaErrorInvalidValue);
  }
  bool const is_snapshot = copy.is_upload() && !copy.is_pinned();
  Work work{is_snapshot ? upload_of_snapshot(copy) : [copy] { copy.run(); },
            {{static_cast<char const*>(copy.to), copy.n_bytes}}};
  if (!is_snapshot) {
    work.touches.emplace_back(static_cast<char const*>(copy.from), copy.n_bytes);
  }
  push(stream, std::move(work));
  if (!copy.is_upload() && !copy.is_pinned()) {
    drain(stream);
  }
  return cudaSuccess;
}

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

void add_kernel(void const* address, Kernel kernel) { kernels()[address] = std::move(kernel); }

Kernel const* find_kernel(void const* address) {
  auto const found = kernels().find(address);
  return found == kernels().end() ? nullptr : &found->second;
}

void reset(Settings const& settings) {
  std::lock_guard const lock(runtime().mutex);
  runtime().start(settings);
}

Counts counts() {
  std::lock_guard const lock(runtime().mutex);
  return runtime().counts;
}

std::vector<std::string> violations() {
  std::lock_guard const lock(runtime().mutex);
  return runtime().violations;
}

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
  current_device = device;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  std::lock_guard const lock(runtime().mutex);
  for (CUstream_st& stream : runtime().streams) {
    if (stream.device == current_device) {
      drain(stream);
    }
  }
  return breaks_now() ? fail(cudaErrorIllegalAddress) : cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* n_free, std::size_t* n_total) {
  std::lock_guard const lock(runtime().mutex);
  *n_total = runtime().settings.memory_bytes;
  *n_free = *n_total - bytes_in_use(current_device);
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  std::lock_guard const lock(runtime().mutex);
  return std::exchange(runtime().last_error, cudaSuccess);
}

char const* cudaGetErrorName(cudaError_t error) {
  return error == cudaErrorIllegalAddress ? "cudaErrorIllegalAddress" : "cudaErrorOfTheSimulation";
}

char const* cudaGetErrorString(cudaError_t) { return "said by the simulation"; }

cudaError_t cudaMalloc(void** memory, std::size_t n_bytes) {
  return allocate(memory, n_bytes, Place::device);
}
cudaError_t cudaFree(void* memory) { return release(memory, Place::device); }
cudaError_t cudaMallocHost(void** memory, std::size_t n_bytes) {
  return allocate(memory, n_bytes, Place::host);
}
cudaError_t cudaFreeHost(void* memory) { return release(memory, Place::host); }

cudaError_t cudaMemcpy(void* to, void const* from, std::size_t n_bytes, cudaMemcpyKind kind) {
  std::lock_guard const lock(runtime().mutex);
  if (breaks_now()) {
    return fail(cudaErrorIllegalAddress);
  }
  return queue_copy({to, from, n_bytes, kind}, *default_stream(current_device));
}

cudaError_t cudaMemcpyAsync(void* to, void const* from, std::size_t n_bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  std::lock_guard const lock(runtime().mutex);
  if (!is_live(stream)) {
    return fail(cudaErrorInvalidResourceHandle);
  }
  if (breaks_now()) {
    return fail(cudaErrorIllegalAddress);
  }
  return queue_copy({to, from, n_bytes, kind}, *stream);
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t n_bytes, cudaStream_t stream) {
  std::lock_guard const lock(runtime().mutex);
  Allocation const* of = allocation_of(to, n_bytes);
  if (!is_live(stream) || of == nullptr || of->place != Place::device ||
      of->device != stream->device) {
    violate("memory is set outside a buffer, or of another device");
    return fail(cudaErrorInvalidValue);
  }
  if (breaks_now()) {
    return fail(cudaErrorIllegalAddress);
  }
  push(*stream,
       {[=] { std::memset(to, value, n_bytes); }, {{static_cast<char const*>(to), n_bytes}}});
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  std::lock_guard const lock(runtime().mutex);
  runtime().streams.push_back({current_device, {}});
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

// What nvcc's objects call at start-up to make their kernels known: the stub that the host launches,
// and its name. The code for GPUs that comes with them is left aside.

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

/// For a test in Python: choose from outside.
extern "C" __attribute__((visibility("default"))) void cuda_sim_reset(
    int n_devices, int driver_version, int streams, int threads, unsigned seed,
    unsigned failing_allocation, int corrupts_results, unsigned long long memory_bytes) {
  Settings settings;
  settings.n_devices = n_devices;
  settings.driver_version = driver_version;
  settings.streams = static_cast<StreamOrder>(streams);
  settings.threads = {static_cast<ThreadOrder::Kind>(threads), seed};
  settings.seed = seed;
  settings.failing_allocation = failing_allocation;
  settings.corrupts_results = corrupts_results != 0;
  settings.memory_bytes = static_cast<std::size_t>(memory_bytes);
  reset(settings);
}

extern "C" __attribute__((visibility("default"))) unsigned cuda_sim_launches() {
  return static_cast<unsigned>(counts().launches);
}

extern "C" __attribute__((visibility("default"))) unsigned cuda_sim_violations() {
  return static_cast<unsigned>(violations().size());
}
