#include "launch.hpp"

#include "count_rows.cuh"
#include "sum_rows.cuh"
#include "test_rows.cuh"

namespace igwas::cuda {

namespace {

[[nodiscard]] constexpr unsigned tiles(unsigned n, unsigned size) { return (n + size - 1) / size; }

template <typename Arguments>
[[nodiscard]] cudaError_t launch(void (*kernel)(Arguments), dim3 grid, Arguments with,
                                 cudaStream_t stream) {
  void* arguments[] = {&with};
  return cudaLaunchKernel(reinterpret_cast<void const*>(kernel), grid, dim3(block_threads),
                          arguments, 0, stream);
}

}  // namespace

cudaError_t launch_sum_rows(SumArguments const& with, unsigned most_rows, bool has_bytes,
                            cudaStream_t stream) {
  dim3 const grid(tiles(most_rows, tile_rows), tiles(with.n_columns, tile_columns),
                  tiles(with.n_units, split_units));
  return launch(has_bytes ? &sum_rows<ByteRows> : &sum_rows<CallRows>, grid, with, stream);
}

cudaError_t launch_count_rows(CountArguments const& with, unsigned n_variants, bool has_bytes,
                              cudaStream_t stream) {
  return launch(has_bytes ? &count_rows<ByteRows> : &count_rows<CallRows>,
                dim3(n_variants, with.n_sets), with, stream);
}

cudaError_t launch_list_rows(ListArguments const& with, cudaStream_t stream) {
  return launch(&list_rows, dim3(tiles(with.n_variants, block_threads)), with, stream);
}

cudaError_t launch_test_rows(TestArguments const& with, unsigned n_variants, unsigned n_masks,
                             cudaStream_t stream) {
  return launch(&test_rows, dim3(n_variants, n_masks), with, stream);
}

}  // namespace igwas::cuda
