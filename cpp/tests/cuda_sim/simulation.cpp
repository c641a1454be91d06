#include "simulation.hpp"

#include "simulation_state.hpp"

#include <cstdio>

namespace cuda_sim {

namespace {

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

}  // namespace

Runtime& runtime() {
  static Runtime instance;
  return instance;
}

int& current_device() {
  thread_local int device = 0;
  return device;
}

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

bool breaks_now() {
  Runtime& of = runtime();
  of.is_broken = of.is_broken || ++of.counts.calls == of.settings.failing_call;
  return of.is_broken;
}

std::size_t bytes_in_use(int device) {
  std::size_t n = 0;
  for (auto const& [address, of] : runtime().memory) {
    n += of.place == Place::device && of.device == device ? of.n_bytes : 0;
  }
  return n;
}

Allocation const* allocation_of(void const* address, std::size_t n_bytes) {
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

void push(CUstream_st& stream, Work work) {
  stream.queue.push_back(std::move(work));
  go_on();
}

CUstream_st* default_stream(int device) { return &*std::next(runtime().streams.begin(), device); }

bool is_live(cudaStream_t stream) {
  return std::ranges::any_of(runtime().streams, [&](auto const& s) { return &s == stream; });
}

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
