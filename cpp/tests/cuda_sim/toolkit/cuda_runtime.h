// A stand-in for the CUDA toolkit's header: what kernels use.
#pragma once

#include "cuda_runtime_api.h"
#include "fibers.hpp"

#define threadIdx (::cuda_sim::thread_index())
#define blockIdx (::cuda_sim::block_index())
#define __syncthreads() (::cuda_sim::wait_at_barrier())

inline unsigned long long atomicAdd(unsigned long long* to, unsigned long long value) {
  // Threads take turns, so that nothing comes between.
  unsigned long long const before = *to;
  *to = before + value;
  ::cuda_sim::pause();
  return before;
}
