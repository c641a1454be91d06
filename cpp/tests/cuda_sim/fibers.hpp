// CUDA threads as fibers of one CPU thread: a block's threads run in a chosen order, each until it
// waits for others.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <string>

namespace cuda_sim {

/// In which order the threads of a block go on after each wait, and the blocks of a grid.
struct ThreadOrder {
  enum class Kind { ascending, descending, shuffled } kind = Kind::ascending;
  unsigned seed = 0;
};

/// Run `body` once for each thread of the grid, one block at a time.
///
/// \return what went wrong, or nothing: threads that wait for others that never come.
[[nodiscard]] std::string run_grid(dim3 grid, dim3 block, ThreadOrder order,
                                   std::function<void()> const& body);

// Within `body`:

[[nodiscard]] dim3 const& thread_index();
[[nodiscard]] dim3 const& block_index();
[[nodiscard]] dim3 const& grid_size();
/// Until all threads of the block are here.
void wait_at_barrier();
/// Let other threads of the block go on.
void pause();
/// As tensor_core.cuh's; until all 32 threads of the warp are here.
void multiply_add(int (&sums)[4], unsigned const (&codes)[4], uint2 digits);
void multiply_add_quarter(int (&sums)[2], unsigned codes, unsigned digits);

}  // namespace cuda_sim
