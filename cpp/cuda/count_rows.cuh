// The kernels before the sums: what each row holds, and which rows are summed how.
#pragma once

#include "row_codes.cuh"
#include "test_arguments.hpp"

#include <cuda_runtime.h>

namespace igwas::cuda {

/// What the threads of a block have found together.
struct BlockSums {
  SetSums of;
  unsigned word_sum;
};

/// Of no sample: no code is greater than the least one.
[[nodiscard]] __device__ inline SetSums no_sums() { return {0, 0, 0, 0, ~0U, 0}; }

/// Add what one thread found.
__device__ inline void add_sums(BlockSums& to, SetSums const& mine, unsigned word_sum) {
  atomicAdd(&to.of.sum, mine.sum);
  atomicAdd(&to.of.sum_of_squares, mine.sum_of_squares);
  atomicAdd(&to.of.n_called, mine.n_called);
  atomicAdd(&to.of.n_one_of_each, mine.n_one_of_each);
  atomicMin(&to.of.least, mine.least);
  atomicMax(&to.of.greatest, mine.greatest);
  atomicAdd(&to.word_sum, word_sum);
}

/// Grid: variants, sets; block_threads threads a block.
template <typename Rows>
__global__ void __launch_bounds__(block_threads) count_rows(CountArguments with) {
  __shared__ BlockSums total;
  unsigned const thread = threadIdx.x;
  unsigned const variant = blockIdx.x;
  unsigned const set = blockIdx.y;
  if (thread == 0) {
    total = {no_sums(), 0};
  }
  __syncthreads();
  auto const* words = reinterpret_cast<typename Rows::Word const*>(
      with.genotypes + static_cast<unsigned long long>(variant) * with.row_bytes);
  unsigned const* members = with.sets + static_cast<unsigned long long>(set) * with.n_words;
  SetSums mine = no_sums();
  unsigned word_sum = 0;
  for (unsigned at = thread; at < with.n_words; at += block_threads) {
    Rows::count(words[at], members[at], mine);
    word_sum += Rows::word_sum(words[at]);
  }
  // Threads past the end of a short row have nothing to say.
  if (thread < with.n_words) {
    add_sums(total, mine, word_sum);
  }
  __syncthreads();
  if (thread == 0) {
    with.sums[static_cast<unsigned long long>(variant) * with.n_sets + set] = total.of;
    if (set == 0) {
      with.word_sums[variant] = total.word_sum;
    }
  }
}

/// Which allele of a variant is counted, and whether its missing calls are summed. One thread a
/// variant; rows of missing calls stand in any order, for no result depends on it.
__global__ void __launch_bounds__(block_threads) list_rows(ListArguments with) {
  unsigned const variant = block_threads * blockIdx.x + threadIdx.x;
  if (variant >= with.n_variants) {
    return;
  }
  SetSums const all = with.sums[static_cast<unsigned long long>(variant) * with.n_sets];
  // The commoner one is not counted: as GenotypeBatch::prepare().
  bool const is_flipped =
      2 * all.sum > static_cast<unsigned long long>(with.two_copies) * all.n_called;
  with.rows[variant] = {variant, is_flipped ? RowKind::other_counted : RowKind::effect_counted};
  unsigned row = no_row;
  if (all.n_called != with.n_samples) {
    row = with.n_variants + atomicAdd(with.n_missing, 1U);
    with.rows[row] = {variant, RowKind::missing};
  }
  with.missing_row[variant] = row;
}

}  // namespace igwas::cuda
