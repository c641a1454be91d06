// The kernel: sums of integer columns over samples, weighted by genotypes, on tensor cores.
//
// A column's integers are three signed digits to the base 256, so that a product is three products
// of bytes with 32-bit sums; put together they are the integers that the CPU sums (docs/cuda.md).
#pragma once

#include "row_codes.cuh"
#include "sum_rows_arguments.hpp"
#include "tensor_core.cuh"
#include "tile_shape.hpp"

#include <cuda_runtime.h>

namespace igwas::cuda {

/// Rows of genotypes that a warp sums: a plane of each is a row of the multiplication.
template <typename Rows>
inline constexpr unsigned rows_of_warp = warp_rows / Rows::n_planes;

/// The rows that a thread reads: g of its warp, and g + 8, g + 16, g + 24 as far as there are.
template <typename Rows>
struct WarpRows {
  static constexpr unsigned n = rows_of_warp<Rows> / mma_columns;
  typename Rows::Word const* word[n];
  unsigned recoding[n];

  __device__ WarpRows(SumArguments const& with, unsigned first_row, unsigned lane) {
    for (unsigned i = 0; i < n; ++i) {
      unsigned const row = first_row + lane / 4 + mma_columns * i;
      // Rows past the last read what the last reads; their sums are not stored.
      SumRow const of = with.rows[row < with.n_rows ? row : with.n_rows - 1];
      auto const* start = with.genotypes + of.variant * with.row_bytes;
      word[i] = reinterpret_cast<typename Rows::Word const*>(start) + lane % 4;
      recoding[i] = Rows::recoding(of.kind);
    }
  }
};

using WarpSums = int[2][step_fragments / 2][4];

/// Add one step, 64 samples, to the sums of a warp.
template <typename Rows>
__device__ inline void add_step(WarpSums& sums,
                                typename Rows::Word const (&words)[WarpRows<Rows>::n],
                                unsigned const (&recoding)[WarpRows<Rows>::n], uint2 const* step,
                                unsigned lane) {
  constexpr unsigned n = WarpRows<Rows>::n;
  constexpr unsigned half_fragments = step_fragments / 2;
#pragma unroll
  for (unsigned half = 0; half < 2; ++half) {
    unsigned codes[2][4];
#pragma unroll
    for (unsigned i = 0; i < n; ++i) {
      CodeBytes planes[Rows::n_planes];
      Rows::split(words[i], half, recoding[i], planes);
      // A plane of all rows after the other: of two, low bytes fill the first 16 rows of the
      // multiplication, high ones the others.
#pragma unroll
      for (unsigned plane = 0; plane < Rows::n_planes; ++plane) {
        unsigned const at = i + n * plane;
        codes[at / 2][at % 2] = planes[plane].even;
        codes[at / 2][at % 2 + 2] = planes[plane].odd;
      }
    }
#pragma unroll
    for (unsigned f = 0; f < half_fragments; ++f) {
      uint2 const digits = step[(half * half_fragments + f) * warp_threads + lane];
      multiply_add(sums[0][f], codes[0], digits);
      multiply_add(sums[1][f], codes[1], digits);
    }
  }
}

/// The digits of one sum put together.
[[nodiscard]] __device__ inline long long sum_of_digits(int const (&sums)[step_fragments / 2][4],
                                                        unsigned group, unsigned i) {
  return sums[n_digits * group][i] + 256LL * sums[n_digits * group + 1][i] +
         65536LL * sums[n_digits * group + 2][i];
}

/// Put the digits and planes of each sum together and add it to the result.
template <typename Rows>
__device__ inline void store_sums(SumArguments const& with, WarpSums const& sums,
                                  unsigned first_row, unsigned first_column, unsigned lane) {
  constexpr unsigned n = WarpRows<Rows>::n;
#pragma unroll
  for (unsigned i = 0; i < n; ++i) {
#pragma unroll
    for (unsigned group = 0; group < tile_columns / mma_columns; ++group) {
#pragma unroll
      for (unsigned odd = 0; odd < 2; ++odd) {
        unsigned const row = first_row + lane / 4 + mma_columns * i;
        unsigned const column = first_column + mma_columns * group + 2 * (lane % 4) + odd;
        long long sum = 0;
#pragma unroll
        for (unsigned plane = Rows::n_planes; plane-- > 0;) {
          unsigned const at = i + n * plane;
          sum = 256 * sum + sum_of_digits(sums[at / 2], group, 2 * (at % 2) + odd);
        }
        if (row < with.n_rows && column < with.n_columns) {
          atomicAdd(with.sums + static_cast<unsigned long long>(row) * with.n_columns + column,
                    static_cast<unsigned long long>(sum));
        }
      }
    }
  }
}

/// Grid: tiles of rows, tiles of columns, parts of the samples; block_threads threads a block.
template <typename Rows>
__global__ void __launch_bounds__(block_threads) sum_rows(SumArguments with) {
  if (with.n_more_rows != nullptr) {
    with.n_rows += *with.n_more_rows;
  }
  // The grid is for as many rows as there can be.
  constexpr unsigned block_rows = block_warps * rows_of_warp<Rows>;
  if (block_rows * blockIdx.x >= with.n_rows) {
    return;
  }
  constexpr unsigned step_words = step_bytes / sizeof(uint4);
  constexpr unsigned thread_words = step_words / block_threads;
  static_assert(step_words % block_threads == 0);
  // Two steps in turn: one is read while the next is written.
  __shared__ uint4 steps[2][step_words];

  unsigned const thread = threadIdx.x;
  unsigned const lane = thread % warp_threads;
  unsigned const first_row = block_rows * blockIdx.x + rows_of_warp<Rows> * (thread / warp_threads);
  // The last tile's warps may have nothing to add; they still carry their part of each step.
  bool const has_rows = first_row < with.n_rows;
  unsigned const first = split_units * blockIdx.z;
  unsigned const last = first + split_units < with.n_units ? first + split_units : with.n_units;
  uint4 const* digits =
      reinterpret_cast<uint4 const*>(with.digits) +
      (static_cast<unsigned long long>(blockIdx.y) * with.n_units + first) * step_words;
  WarpRows<Rows> const rows(with, first_row, lane);
  WarpSums sums = {};
  constexpr unsigned n = WarpRows<Rows>::n;
  typename Rows::Word words[n];

  for (unsigned i = 0; i < n; ++i) {
    words[i] = rows.word[i][4ULL * first];
  }
  for (unsigned i = 0; i < thread_words; ++i) {
    steps[0][thread + i * block_threads] = digits[thread + i * block_threads];
  }
  __syncthreads();
  for (unsigned unit = first; unit < last; ++unit) {
    unsigned const turn = (unit - first) % 2;
    bool const has_next = unit + 1 < last;
    digits += step_words;
    // Under way while this step is added: memory is slower than the sums.
    uint4 next[thread_words] = {};
    typename Rows::Word next_words[n] = {};
    for (unsigned i = 0; has_next && i < n; ++i) {
      next_words[i] = rows.word[i][4ULL * (unit + 1)];
    }
    for (unsigned i = 0; has_next && i < thread_words; ++i) {
      next[i] = digits[thread + i * block_threads];
    }
    if (has_rows) {
      add_step<Rows>(sums, words, rows.recoding, reinterpret_cast<uint2 const*>(steps[turn]), lane);
    }
    for (unsigned i = 0; has_next && i < thread_words; ++i) {
      steps[1 - turn][thread + i * block_threads] = next[i];
    }
    for (unsigned i = 0; i < n; ++i) {
      words[i] = next_words[i];
    }
    __syncthreads();
  }
  store_sums<Rows>(with, sums, first_row, tile_columns * blockIdx.y, lane);
}

}  // namespace igwas::cuda
