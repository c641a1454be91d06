// The kernels before the counts, for genotypes that lie on the device already: whether they are
// copies of an allele, and their calls in 2 bits each or, of fractions, their fine codes.
#pragma once

#include "array_arguments.hpp"
#include "igwas/fine_codes.hpp"
#include "test_arguments.hpp"
#include "tile_shape.hpp"

#include <cuda_runtime.h>

#include <type_traits>

namespace igwas::cuda {

template <typename T>
__host__ __device__ inline bool is_missing(T value) {
  if constexpr (std::is_integral_v<T>) {
    return value < 0;
  } else {
    return value != value;
  }
}

template <typename T>
__host__ __device__ inline bool is_call(T value) {
  return value == T{0} || value == T{1} || value == T{2} || is_missing(value);
}

template <typename T>
__host__ __device__ inline bool is_dosage(T value) {
  if constexpr (std::is_integral_v<T>) {
    return is_call(value);
  } else {
    return is_missing(value) || (value >= T{0} && value <= T{2});
  }
}

/// PLINK's code of a number of copies: 0 two effect alleles, 1 missing, 2 one of each, 3 none.
template <typename T>
__host__ __device__ inline unsigned char code_of_copies(T copies) {
  if (is_missing(copies)) {
    return 1;
  }
  return copies == T{2} ? 0 : (copies == T{1} ? 2 : 3);
}

template <typename T>
__device__ inline T copies_at(ArrayRows const& of, long long variant, long long sample) {
  return static_cast<T const*>(of.values)[variant * of.variant_stride + sample * of.sample_stride];
}

/// Grid: variants; block_threads threads a block.
template <typename T>
__global__ void __launch_bounds__(block_threads) check_values(CheckArguments with) {
  unsigned long long const variant = blockIdx.x;
  unsigned long long fraction = no_place;
  for (unsigned sample = threadIdx.x; sample < with.n_samples; sample += block_threads) {
    T const value = copies_at<T>(with.rows, static_cast<long long>(variant), sample);
    unsigned long long const place = variant * with.n_samples + sample;
    if (!is_dosage(value)) {
      atomicMin(with.first_wrong, place);
      return;  // Later ones are of no interest.
    }
    if (!is_call(value) && place < fraction) {
      fraction = place;
    }
  }
  if (fraction != no_place) {
    atomicMin(with.first_fraction, fraction);
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
                         ? code_of_copies(copies_at<T>(with.rows, blockIdx.x, with.samples[sample]))
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
