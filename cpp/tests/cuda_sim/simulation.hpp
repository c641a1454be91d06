// A CUDA runtime on the CPU, as strict as the real one may be and as lazy: what a test can choose.
#pragma once

#include "fibers.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace cuda_sim {

/// When queued work runs.
enum class StreamOrder {
  eager,  ///< at once
  lazy,   ///< when somebody waits for it
  random  ///< some of it at every call, of any stream
};

struct Settings {
  int n_devices = 1;
  int driver_version = 13000;                       ///< 0: no driver
  int major = 9;                                    ///< compute capability
  std::size_t memory_bytes = std::size_t{8} << 30;  ///< of each device
  StreamOrder streams = StreamOrder::lazy;
  ThreadOrder threads;
  unsigned seed = 1;
  /// The allocation, counted from 1, that fails for want of memory; 0: none.
  std::size_t failing_allocation = 0;
  /// Every later one fails too.
  bool keeps_failing = false;
  /// The call, counted from 1, that finds a broken device; 0: none.
  std::size_t failing_call = 0;
  /// The launch, counted from 1, that is refused, with no effect on what follows; 0: none.
  std::size_t failing_launch = 0;
  /// Copies that come back have a bit flipped.
  bool corrupts_results = false;
  /// Copies to the device of so many bytes have a bit flipped; 0: none.
  std::size_t corrupted_upload = 0;
};

/// Start again with these; whatever was queued or allocated must be gone.
void reset(Settings const& settings);

struct Counts {
  std::size_t allocations = 0;
  std::size_t launches = 0;
  std::size_t calls = 0;                 ///< that can fail
  std::size_t live_buffers = 0;          ///< allocated, not freed; device and host
  std::size_t live_handles = 0;          ///< streams and events
  std::size_t bytes_there = 0;           ///< copied to devices
  std::size_t bytes_back = 0;            ///< copied to the host
  std::vector<std::size_t> launches_of;  ///< (devices)
};

[[nodiscard]] Counts counts();

/// Broken rules so far, in words: copies outside a buffer, use after free, other devices' memory.
[[nodiscard]] std::vector<std::string> violations();

}  // namespace cuda_sim
