// The kernels before the counts, for genotypes that lie on the device already: whether they are
// copies of an allele, and their calls in 2 bits each or, of fractions, their fine codes.
#pragma once

#include "array_arguments.hpp"
#include "igwas/allele_copies.hpp"
#include "igwas/fine_codes.hpp"
#include "test_arguments.hpp"
#include "tile_shape.hpp"

#include <cuda_runtime.h>

#include <type_traits>

namespace igwas::cuda {

template <typename T>
__host__ __device__ inline bool is_dosage(T value) {
  if constexpr (std::is_integral_v<T>) {
    return is_call(value);
  } else {
    return is_missing_copies(value) || (value >= T{0} && value <= T{2});
  }
}

template <typename T>
__device__ inline T copies_at(ArrayRows const& of, long long variant, long long sample) {
  return static_cast<T const*>(of.values)[variant * of.variant_stride + sample * of.sample_stride];
}

/// Grid: variants; block_threads threads a block.
template <typename T>
__global__ void __launch_bounds__(block_threads) check_values(CheckArguments with) {
  unsigned long long const variant = blockIdx.x;
  bool has_fraction = false;
  for (unsigned sample = threadIdx.x; sample < with.n_samples; sample += block_threads) {
    T const value = copies_at<T>(with.rows, static_cast<long long>(variant), sample);
    if (!is_dosage(value)) {
      atomicMin(with.first_wrong, variant * with.n_samples + sample);
      return;  // Later ones are of no interest.
    }
    has_fraction = has_fraction || !is_call(value);
  }
  // Most threads find that others have said so.
  if (has_fraction && *with.has_fraction == 0) {
    atomicMax(with.has_fraction, 1U);
  }
}

/// Grid: variants; block_threads threads a block. Samples side by side are read side by side, and
/// through shared memory become the 16 calls of a thread's word.
template <typename T>
__global__ void __launch_bounds__(block_threads) pack_values(PackArguments with) {
  __shared__ unsigned char codes[block_threads * word_samples];
  unsigned const thread = threadIdx.x;
  unsigned* words = with.words + static_cast<unsigned long long>(blockIdx.x) * with.n_words;
  for (unsigned first = 0; first < with.n_words; first += block_threads) {
#pragma unroll 4
    for (unsigned i = 0; i < word_samples; ++i) {
      unsigned const place = thread + i * block_threads;
      unsigned const sample = first * word_samples + place;
      // Places past the last sample are missing.
      codes[place] = sample < with.n_samples
                         ? code_of_call(copies_at<T>(with.rows, blockIdx.x, with.samples[sample]))
                         : 1;
    }
    __syncthreads();
    unsigned word = 0;
    for (unsigned i = 0; i < word_samples; ++i) {
      word |= static_cast<unsigned>(codes[thread * word_samples + i]) << (2 * i);
    }
    if (first + thread < with.n_words) {
      words[first + thread] = word;
    }
    // Before the next step is written over this one.
    __syncthreads();
  }
}

/// Grid: variants; block_threads threads a block. Places past the last sample are missing.
template <typename T>
__global__ void __launch_bounds__(block_threads) pack_fine(PackArguments with) {
  unsigned* words = with.words + static_cast<unsigned long long>(blockIdx.x) * with.n_words;
  for (unsigned place = threadIdx.x; place < with.n_words; place += block_threads) {
    words[place] = place < with.n_samples
                       ? fine_code_of(copies_at<T>(with.rows, blockIdx.x, with.samples[place]))
                       : missing_fine;
  }
}

}  // namespace igwas::cuda
