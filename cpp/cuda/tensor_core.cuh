// One multiplication on tensor cores: what the 32 threads of a warp hold of its operands.
#pragma once

#include <cuda_runtime.h>

namespace igwas::cuda {

/// sums (16 x 8, int32) += codes (16 x 32, unsigned bytes) x digits (32 x 8, signed bytes).
///
/// Thread 4g + t of the warp holds, of codes, rows g and g + 8: samples 4t .. 4t + 3 in codes[0] and
/// codes[1], 16 + 4t .. in codes[2] and codes[3]; of digits, column g: the same samples in digits.x
/// and digits.y; of sums, columns 2t and 2t + 1 of row g, then of row g + 8. PTX ISA, "Matrix
/// fragments for mma.m16n8k32" and "m8n8k16". All threads of the warp call it together.
__device__ inline void multiply_add(int (&sums)[4], unsigned const (&codes)[4], uint2 digits) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
      : "r"(codes[0]), "r"(codes[1]), "r"(codes[2]), "r"(codes[3]), "r"(digits.x), "r"(digits.y));
#elif defined(__CUDA_ARCH__)
  // Turing has a quarter of it: 8 rows, 16 samples.
  unsigned const half[2] = {digits.x, digits.y};
  for (int i = 0; i < 4; ++i) {
    int const row = 2 * (i % 2);
    asm volatile(
        "mma.sync.aligned.m8n8k16.row.col.s32.u8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};"
        : "+r"(sums[row]), "+r"(sums[row + 1])
        : "r"(codes[i]), "r"(half[i / 2]));
  }
#elif defined(IGWAS_CUDA_SIM)
  cuda_sim::multiply_add(sums, codes, digits);
#else
  // The compiler's pass over host code: never called.
  (void)sums, (void)codes, (void)digits;
#endif
}

}  // namespace igwas::cuda
