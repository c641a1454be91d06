// Functions with one body for the CPU and for GPUs.
#pragma once

#if defined(__CUDACC__)
#define IGWAS_HOST_DEVICE __host__ __device__
#else
#define IGWAS_HOST_DEVICE
#endif
