#include "launch.hpp"
#include "sum_rows.cuh"

namespace igwas::cuda {

namespace {

[[nodiscard]] constexpr unsigned tiles(unsigned n, unsigned size) { return (n + size - 1) / size; }

}  // namespace

cudaError_t launch_sum_rows(SumArguments const& with, bool has_bytes, cudaStream_t stream) {
  dim3 const grid(tiles(with.n_rows, tile_rows), tiles(with.n_columns, tile_columns),
                  tiles(with.n_units, split_units));
  SumArguments copy = with;
  void* arguments[] = {&copy};
  auto const* kernel = has_bytes ? reinterpret_cast<void const*>(&sum_rows<ByteRows>)
                                 : reinterpret_cast<void const*>(&sum_rows<CallRows>);
  return cudaLaunchKernel(kernel, grid, dim3(block_threads), arguments, 0, stream);
}

}  // namespace igwas::cuda
