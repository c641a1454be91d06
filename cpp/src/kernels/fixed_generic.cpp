// The fixed-point kernels for one instruction set; its flags are in cmake/simd.cmake.
#define IGWAS_KERNEL_TABLE fixed_generic
#define IGWAS_KERNEL_NAME "generic"
#include "fixed_kernels.inc"
