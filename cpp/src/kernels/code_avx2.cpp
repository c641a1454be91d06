// The kernels of dosages in two bytes for one instruction set; its flags are in cmake/simd.cmake.
#define IGWAS_KERNEL_TABLE code_avx2
#include "code_kernels.inc"
