// The state of the simulated runtime, and what its calls have in common.
#pragma once

#include "kernel_registry.hpp"
#include "simulation.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

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

[[nodiscard]] Runtime& runtime();

/// Of the calling thread.
[[nodiscard]] int& current_device();

/// Kernels by the address that the host launches.
[[nodiscard]] std::map<void const*, Kernel>& kernels();

/// A rule of the real runtime is broken: say so, and remember it.
void violate(std::string what);

/// The error, which is also the last one.
cudaError_t fail(cudaError_t error);

/// One call that may find that earlier work has failed.
[[nodiscard]] bool breaks_now();

[[nodiscard]] std::size_t bytes_in_use(int device);

/// The allocation that holds all of [address, address + n_bytes), or null.
[[nodiscard]] Allocation const* allocation_of(void const* address, std::size_t n_bytes);

/// Run the first work of a stream; false if there is none.
bool step(CUstream_st& stream);

/// Run all work of a stream.
void drain(CUstream_st& stream);

/// Queue work; some of what is queued may then run.
void push(CUstream_st& stream, Work work);

[[nodiscard]] CUstream_st* default_stream(int device);

[[nodiscard]] bool is_live(cudaStream_t stream);

}  // namespace cuda_sim
