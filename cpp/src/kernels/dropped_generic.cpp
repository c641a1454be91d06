// The kernels of dropped samples for one instruction set; its flags are in cmake/simd.cmake.
#define IGWAS_KERNEL_TABLE dropped_generic
#include "dropped_kernels.inc"
