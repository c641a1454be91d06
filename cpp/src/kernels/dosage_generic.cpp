// The kernels of dosages for one instruction set; its flags are in cmake/simd.cmake.
#define IGWAS_KERNEL_TABLE dosage_generic
#include "dosage_kernels.inc"
