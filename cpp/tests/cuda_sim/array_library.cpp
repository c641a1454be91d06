// What a test in Python needs to play an array library whose arrays lie on the simulated GPU: their
// memory, and work that is still under way when an array changes hands.
#include "simulation_state.hpp"

#include <cstring>
#include <memory>
#include <vector>

namespace cuda_sim {

namespace {

/// The library's memory on a device; freed as its own.
[[nodiscard]] char* allocate(int device, std::size_t n_bytes) {
  int const before = current_device();
  current_device() = device;
  void* memory = nullptr;
  cudaMalloc(&memory, n_bytes == 0 ? 1 : n_bytes);
  current_device() = before;
  return static_cast<char*>(memory);
}

/// All that is queued on `from` now happens before what `to` queues from now on.
void make_wait(CUstream_st& to, CUstream_st& from) {
  std::size_t const n_queued = from.queue.size();
  push(to, {[&from, n_queued] {
              for (std::size_t i = 0; i < n_queued; ++i) {
                step(from);
              }
            },
            {}});
}

}  // namespace

}  // namespace cuda_sim

using namespace cuda_sim;

#define IGWAS_EXPORTED extern "C" __attribute__((visibility("default")))

/// The stream on which the library works.
IGWAS_EXPORTED void* cuda_sim_library_stream(int device) {
  std::lock_guard const lock(runtime().mutex);
  runtime().streams.push_back({device, {}});
  return &runtime().streams.back();
}

/// Memory into which the library's stream will write `from`.
IGWAS_EXPORTED void* cuda_sim_library_array(int device, void const* from, std::size_t n_bytes,
                                            void* stream) {
  std::lock_guard const lock(runtime().mutex);
  char* const memory = allocate(device, n_bytes);
  auto const* start = static_cast<char const*>(from);
  auto const held = std::make_shared<std::vector<char>>(start, start + n_bytes);
  if (memory != nullptr) {
    push(
        *static_cast<CUstream_st*>(stream),
        {[held, memory] { std::memcpy(memory, held->data(), held->size()); }, {{memory, n_bytes}}});
  }
  return memory;
}

/// What __dlpack__(stream=consumer) has to do; 1 is the device's legacy default stream.
IGWAS_EXPORTED void cuda_sim_library_hand_over(void* stream, std::size_t consumer) {
  std::lock_guard const lock(runtime().mutex);
  auto& from = *static_cast<CUstream_st*>(stream);
  CUstream_st* to =
      consumer == 1 ? default_stream(from.device) : reinterpret_cast<CUstream_st*>(consumer);
  if (!is_live(to) || to->device != from.device) {
    violate("an array is asked for on a stream that is not there, or of another device");
    return;
  }
  make_wait(*to, from);
}

/// Wait for the library's own work.
IGWAS_EXPORTED void cuda_sim_library_wait(void* stream) {
  std::lock_guard const lock(runtime().mutex);
  drain(*static_cast<CUstream_st*>(stream));
}

IGWAS_EXPORTED void cuda_sim_library_free(void* memory) { cudaFree(memory); }

/// False unless all of it is one device's memory.
IGWAS_EXPORTED int cuda_sim_library_read(void* to, void const* from, std::size_t n_bytes,
                                         int device) {
  std::lock_guard const lock(runtime().mutex);
  Allocation const* of = allocation_of(from, n_bytes);
  if (of == nullptr || of->place != Place::device || of->device != device) {
    return 0;
  }
  std::memcpy(to, from, n_bytes);
  return 1;
}

IGWAS_EXPORTED unsigned cuda_sim_live_buffers() {
  return static_cast<unsigned>(counts().live_buffers);
}
IGWAS_EXPORTED unsigned cuda_sim_allocations() {
  return static_cast<unsigned>(counts().allocations);
}
/// Bytes copied from the device to the host since the last reset.
IGWAS_EXPORTED unsigned long long cuda_sim_bytes_back() {
  return static_cast<unsigned long long>(counts().bytes_back);
}
IGWAS_EXPORTED unsigned long long cuda_sim_bytes_there() {
  return static_cast<unsigned long long>(counts().bytes_there);
}
