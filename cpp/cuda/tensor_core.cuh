// One multiplication on tensor cores: what the 32 threads of a warp hold of its operands.
#pragma once

#include <cuda_runtime.h>

namespace igwas::cuda {

/// A quarter of multiply_add(), all that Turing has: sums (8 x 8) += codes (8 x 16) x digits (16 x
/// 8).
///
/// Thread 4g + t holds, of codes, samples 4t .. 4t + 3 of row g; of digits, the same samples of
/// column g; of sums, columns 2t and 2t + 1 of row g. PTX ISA, "Matrix fragments for mma.m8n8k16".
__device__ inline void multiply_add_quarter(int (&sums)[2], unsigned codes, unsigned digits) {
#if defined(__CUDA_ARCH__)
  asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.u8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};"
               : "+r"(sums[0]), "+r"(sums[1])
               : "r"(codes), "r"(digits));
#elif defined(IGWAS_CUDA_SIM)
  cuda_sim::multiply_add_quarter(sums, codes, digits);
#else
  // The compiler's pass over host code: never called.
  (void)sums, (void)codes, (void)digits;
#endif
}

/// multiply_add() in quarters: rows g, rows g + 8, each for the first samples and the last.
__device__ inline void multiply_add_by_quarters(int (&sums)[4], unsigned const (&codes)[4],
                                                uint2 digits) {
  for (int half = 0; half < 2; ++half) {
    int part[2] = {sums[2 * half], sums[2 * half + 1]};
    multiply_add_quarter(part, codes[half], digits.x);
    multiply_add_quarter(part, codes[half + 2], digits.y);
    sums[2 * half] = part[0];
    sums[2 * half + 1] = part[1];
  }
}

/// sums (16 x 8, int32) += codes (16 x 32, unsigned bytes) x digits (32 x 8, signed bytes).
///
/// Thread 4g + t of the warp holds, of codes, rows g and g + 8: samples 4t .. 4t + 3 in codes[0]
/// and codes[1], 16 + 4t .. in codes[2] and codes[3]; of digits, column g: the same samples in
/// digits.x and digits.y; of sums, columns 2t and 2t + 1 of row g, then of row g + 8. PTX ISA,
/// "Matrix fragments for mma.m16n8k32". All threads of the warp call it together.
__device__ inline void multiply_add(int (&sums)[4], unsigned const (&codes)[4], uint2 digits) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
      : "r"(codes[0]), "r"(codes[1]), "r"(codes[2]), "r"(codes[3]), "r"(digits.x), "r"(digits.y));
#elif defined(IGWAS_CUDA_SIM)
  cuda_sim::multiply_add(sums, codes, digits);
#else
  multiply_add_by_quarters(sums, codes, digits);
#endif
}

}  // namespace igwas::cuda
