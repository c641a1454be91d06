// A stand-in for the CUDA toolkit's header: what kernels use.
#pragma once

#include "cuda_runtime_api.h"
#include "fibers.hpp"

#define threadIdx (::cuda_sim::thread_index())
#define blockIdx (::cuda_sim::block_index())
#define gridDim (::cuda_sim::grid_size())
#define __syncthreads() (::cuda_sim::wait_at_barrier())

namespace cuda_sim {

/// Threads take turns, so that nothing comes between.
template <typename T>
T replace(T* at, T value) {
  T const before = *at;
  *at = value;
  pause();
  return before;
}

}  // namespace cuda_sim

inline unsigned long long atomicAdd(unsigned long long* to, unsigned long long value) {
  return ::cuda_sim::replace(to, *to + value);
}
inline unsigned atomicAdd(unsigned* to, unsigned value) {
  return ::cuda_sim::replace(to, *to + value);
}
inline unsigned long long atomicMin(unsigned long long* to, unsigned long long value) {
  return ::cuda_sim::replace(to, value < *to ? value : *to);
}
inline unsigned atomicMin(unsigned* to, unsigned value) {
  return ::cuda_sim::replace(to, value < *to ? value : *to);
}
inline unsigned atomicMax(unsigned* to, unsigned value) {
  return ::cuda_sim::replace(to, value > *to ? value : *to);
}
