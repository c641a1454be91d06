// Going from one stack to another within a thread. The system's own way (ucontext) asks the kernel
// at every switch, which would be most of the time that the simulation takes.
#pragma once

#include <cstddef>
#include <cstdint>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace cuda_sim {

#if defined(__x86_64__)

struct StackPoint {
  void* top = nullptr;
};

extern "C" void cuda_sim_switch_stack(void** save, void* to);

inline void switch_stack(StackPoint& from, StackPoint const& to) {
  cuda_sim_switch_stack(&from.top, to.top);
}

/// `entry`, which never returns, starts when the point is first switched to.
inline void start_stack(StackPoint& point, std::byte* stack, std::size_t n_bytes, void (*entry)()) {
  auto end = reinterpret_cast<std::uintptr_t>(stack + n_bytes) / 16 * 16;
  // As after a call: the address to return to, where there is none, is 8 below a multiple of 16.
  auto* top = reinterpret_cast<std::uintptr_t*>(end - 8);
  *top = 0;
  *--top = reinterpret_cast<std::uintptr_t>(entry);
  for (int saved = 0; saved < 6; ++saved) {
    *--top = 0;
  }
  point.top = top;
}

#else

struct StackPoint {
  ucontext_t context;
};

inline void switch_stack(StackPoint& from, StackPoint const& to) {
  swapcontext(&from.context, &to.context);
}

inline void start_stack(StackPoint& point, std::byte* stack, std::size_t n_bytes, void (*entry)()) {
  getcontext(&point.context);
  point.context.uc_stack.ss_sp = stack;
  point.context.uc_stack.ss_size = n_bytes;
  point.context.uc_link = nullptr;
  makecontext(&point.context, entry, 0);
}

#endif

}  // namespace cuda_sim
