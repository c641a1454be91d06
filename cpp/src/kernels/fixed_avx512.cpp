// The fixed-point kernels for one instruction set; its flags are in cmake/simd.cmake.
#define IGWAS_KERNEL_TABLE fixed_avx512
#define IGWAS_KERNEL_NAME "avx512"
#include "fixed_kernels.inc"
