// What the host asks of the kernels; the one source that only nvcc compiles is behind it.
#pragma once

#include "array_arguments.hpp"
#include "sum_rows_arguments.hpp"
#include "test_arguments.hpp"

#include <cuda_runtime_api.h>

namespace igwas::cuda {

/// How a genotype is stored: hard calls of 2 bits, dosages of one byte, of two, or fine codes.
enum class RowForm { calls, bytes, codes, fine };

/// Queue the sums of `with` on `stream`.
///
/// \param most_rows as many as there can be, with.n_more_rows included.
/// \param form how a genotype is stored.
[[nodiscard]] cudaError_t launch_sum_rows(SumArguments const& with, unsigned most_rows,
                                          RowForm form, cudaStream_t stream);

/// Queue the counts of `n_variants` rows.
[[nodiscard]] cudaError_t launch_count_rows(CountArguments const& with, unsigned n_variants,
                                            RowForm form, cudaStream_t stream);

/// Queue the list of the rows to sum, from their counts.
[[nodiscard]] cudaError_t launch_list_rows(ListArguments const& with, cudaStream_t stream);

/// Queue the tests of `n_variants`, from their counts and sums.
[[nodiscard]] cudaError_t launch_test_rows(TestArguments const& with, unsigned n_variants,
                                           unsigned n_masks, cudaStream_t stream);

/// Queue a look at every value of `n_variants` rows of an array.
[[nodiscard]] cudaError_t launch_check_values(CheckArguments const& with, unsigned n_variants,
                                              ArrayType type, cudaStream_t stream);

/// Queue the packing of `n_variants` rows of an array.
///
/// \param form hard calls, or, of floats, fine codes.
[[nodiscard]] cudaError_t launch_pack_values(PackArguments const& with, unsigned n_variants,
                                             ArrayType type, RowForm form, cudaStream_t stream);

/// Queue t and p of every test; there is at least one.
[[nodiscard]] cudaError_t launch_tail_rows(TailArguments const& with, cudaStream_t stream);

}  // namespace igwas::cuda
