#include "stack_switch.hpp"

#if defined(__x86_64__)

// The registers that a function must leave as they were, then the stack itself.
asm(R"(
.text
.globl cuda_sim_switch_stack
.hidden cuda_sim_switch_stack
.type cuda_sim_switch_stack, @function
cuda_sim_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size cuda_sim_switch_stack, . - cuda_sim_switch_stack
)");

#endif
