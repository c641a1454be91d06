// What the host asks of the kernels; the one source that only nvcc compiles is behind it.
#pragma once

#include "sum_rows_arguments.hpp"

#include <cuda_runtime_api.h>

namespace igwas::cuda {

/// Queue the sums of `with` on `stream`.
///
/// \param has_bytes whether genotypes are dosages in bytes, not hard calls.
[[nodiscard]] cudaError_t launch_sum_rows(SumArguments const& with, bool has_bytes,
                                          cudaStream_t stream);

}  // namespace igwas::cuda
