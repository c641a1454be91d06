// Memory: allocations and copies.
#include "simulation_state.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>

namespace cuda_sim {

namespace {

[[nodiscard]] bool allocation_fails() {
  Runtime& of = runtime();
  std::size_t const number = ++of.counts.allocations;
  std::size_t const failing = of.settings.failing_allocation;
  return failing != 0 && (number == failing || (of.settings.keeps_failing && number > failing));
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
      place == Place::device && bytes_in_use(current_device()) + n_bytes > of.settings.memory_bytes;
  if (allocation_fails() || is_full) {
    return fail(cudaErrorMemoryAllocation);
  }
  *memory = std::malloc(n_bytes);
  std::memset(*memory, place == Place::device ? 0xA5 : 0x5A, n_bytes);
  of.memory[static_cast<char*>(*memory)] = {n_bytes, place, current_device()};
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
    bool const is_corrupted = is_upload() ? n_bytes == runtime().settings.corrupted_upload
                                          : runtime().settings.corrupts_results;
    if (is_corrupted && n_bytes != 0) {
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
  (copy.is_upload() ? runtime().counts.bytes_there : runtime().counts.bytes_back) += copy.n_bytes;
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

}  // namespace

}  // namespace cuda_sim

using namespace cuda_sim;

cudaError_t cudaMemGetInfo(std::size_t* n_free, std::size_t* n_total) {
  std::lock_guard const lock(runtime().mutex);
  *n_total = runtime().settings.memory_bytes;
  *n_free = *n_total - bytes_in_use(current_device());
  return cudaSuccess;
}

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
  return queue_copy({to, from, n_bytes, kind}, *default_stream(current_device()));
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
