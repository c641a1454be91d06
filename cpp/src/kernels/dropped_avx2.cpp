// The kernels of dropped samples for one instruction set; its flags are in cmake/simd.cmake.
#define IGWAS_KERNEL_TABLE dropped_avx2
#include "dropped_kernels.inc"
