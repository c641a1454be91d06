// From genotypes as they are stored to the bytes that tensor cores multiply. One body for the GPU
// and for tests on a CPU.
#pragma once

#include "igwas/fine_codes.hpp"
#include "test_arguments.hpp"
#include "tile_shape.hpp"

#include <cuda_runtime.h>

namespace igwas::cuda {

/// Four bytes of {low, high} that the low four nibbles of `selector` name, each below 8.
__host__ __device__ inline unsigned choose_bytes(unsigned low, unsigned high, unsigned selector) {
#if defined(__CUDA_ARCH__)
  return __byte_perm(low, high, selector);
#else
  unsigned chosen = 0;
  for (unsigned i = 0; i < 4; ++i) {
    unsigned const at = (selector >> (4 * i)) & 7U;
    unsigned const from = at < 4 ? low : high;
    chosen |= ((from >> (8 * (at % 4))) & 0xFFU) << (8 * i);
  }
  return chosen;
#endif
}

__host__ __device__ inline unsigned count_ones(unsigned word) {
#if defined(__CUDA_ARCH__)
  return static_cast<unsigned>(__popc(word));
#else
  return static_cast<unsigned>(__builtin_popcount(word));
#endif
}

/// Bytes of eight consecutive samples: the even ones, then the odd ones, in ascending order.
struct CodeBytes {
  unsigned even;
  unsigned odd;
};

/// Rows of hard calls, 2 bits each.
struct CallRows {
  using Word = unsigned;                   ///< of 16 samples
  static constexpr unsigned n_planes = 1;  ///< bytes of a code

  /// One byte for each of the four calls: two effect alleles, missing, one of each, two others.
  __host__ __device__ static unsigned recoding(RowKind kind) {
    if (kind == RowKind::effect_counted) {
      return 0x00010002U;
    }
    return kind == RowKind::other_counted ? 0x02010000U : 0x00000100U;
  }

  /// Samples 8 x half .. 8 x half + 7 of the word.
  __host__ __device__ static void split(Word word, unsigned half, unsigned recoding,
                                        CodeBytes (&planes)[n_planes]) {
    unsigned const part = word >> (16 * half);
    planes[0] = {choose_bytes(recoding, 0, part & 0x3333U),
                 choose_bytes(recoding, 0, (part >> 2U) & 0x3333U)};
  }

  /// Add the samples of a word that are in `set`, which has a bit at the low position of each.
  __host__ __device__ static void count(Word word, unsigned set, SetSums& to) {
    unsigned const low = word & set;
    unsigned const high = (word >> 1U) & set;
    unsigned const n_one = count_ones(high & ~low);
    unsigned const n_effect = count_ones(set & ~(low | high));
    to.sum += 2 * n_effect + n_one;
    to.sum_of_squares += 4 * n_effect + n_one;
    to.n_called += n_effect + n_one + count_ones(low & high);
    to.n_one_of_each += n_one;
  }

  __host__ __device__ static unsigned word_sum(Word word) { return word; }
};

/// Rows of dosages, a byte each: 0 to 254, or 255 for missing.
struct ByteRows {
  using Word = uint4;  ///< of 16 samples
  static constexpr unsigned n_planes = 1;

  __host__ __device__ static unsigned recoding(RowKind kind) { return static_cast<unsigned>(kind); }

  /// Without a branch: rows of a warp differ in kind, and its threads multiply together.
  __host__ __device__ static unsigned recode(unsigned bytes, unsigned recoding) {
    constexpr unsigned ones = 0x01010101U;
    // 1 in every byte that is 255: only 0x7F + 1 reaches the highest bit.
    unsigned const missing = ((((bytes & (0x7F * ones)) + ones) & bytes) >> 7U) & ones;
    bool const is_other = recoding == static_cast<unsigned>(RowKind::other_counted);
    bool const is_missing = recoding == static_cast<unsigned>(RowKind::missing);
    // 254 - code is the inverse less 1. 255 becomes 0, or 254 if it is inverted: no byte borrows.
    unsigned const known = bytes & ~(missing * (is_other ? 1U : 0xFFU));
    unsigned const codes = (known ^ (is_other ? ~0U : 0U)) - (is_other ? ones : 0U);
    unsigned const chosen = is_missing ? ~0U : 0U;
    return (codes & ~chosen) | (missing & chosen);
  }

  __host__ __device__ static void split(Word word, unsigned half, unsigned recoding,
                                        CodeBytes (&planes)[n_planes]) {
    unsigned const low = half == 0 ? word.x : word.z;
    unsigned const high = half == 0 ? word.y : word.w;
    planes[0] = {recode(choose_bytes(low, high, 0x6420U), recoding),
                 recode(choose_bytes(low, high, 0x7531U), recoding)};
  }

  __host__ __device__ static void count_four(unsigned bytes, unsigned set, SetSums& to) {
    for (unsigned i = 0; i < 4; ++i) {
      unsigned const code = (bytes >> (8 * i)) & 0xFFU;
      if (((set >> (2 * i)) & 1U) != 0 && code != 0xFFU) {
        to.sum += code;
        to.sum_of_squares += code * code;
        ++to.n_called;
        to.least = code < to.least ? code : to.least;
        to.greatest = code > to.greatest ? code : to.greatest;
      }
    }
  }

  __host__ __device__ static void count(Word word, unsigned set, SetSums& to) {
    count_four(word.x, set, to);
    count_four(word.y, set >> 8U, to);
    count_four(word.z, set >> 16U, to);
    count_four(word.w, set >> 24U, to);
  }

  __host__ __device__ static unsigned word_sum(Word word) {
    return word.x + word.y + word.z + word.w;
  }
};

/// Rows of dosages, two bytes each: 0 to 65534, or 65535 for missing. The low bytes and the high
/// ones are two planes, which are multiplied apart.
struct CodeRows {
  struct Word {  ///< of 16 samples
    uint4 first;
    uint4 second;
  };
  static constexpr unsigned n_planes = 2;

  __host__ __device__ static unsigned recoding(RowKind kind) { return static_cast<unsigned>(kind); }

  /// Two codes; as ByteRows::recode().
  __host__ __device__ static unsigned recode(unsigned codes, unsigned recoding) {
    constexpr unsigned ones = 0x00010001U;
    // 1 in every code that is 65535: only 0x7FFF + 1 reaches the highest bit.
    unsigned const missing = ((((codes & (0x7FFF * ones)) + ones) & codes) >> 15U) & ones;
    bool const is_other = recoding == static_cast<unsigned>(RowKind::other_counted);
    bool const is_missing = recoding == static_cast<unsigned>(RowKind::missing);
    // 65534 - code is the inverse less 1. 65535 becomes 0, or 65534 if it is inverted.
    unsigned const known = codes & ~(missing * (is_other ? 1U : 0xFFFFU));
    unsigned const counted = (known ^ (is_other ? ~0U : 0U)) - (is_other ? ones : 0U);
    unsigned const chosen = is_missing ? ~0U : 0U;
    return (counted & ~chosen) | (missing & chosen);
  }

  __host__ __device__ static void split(Word const& word, unsigned half, unsigned recoding,
                                        CodeBytes (&planes)[n_planes]) {
    uint4 const of = half == 0 ? word.first : word.second;
    unsigned const a = recode(of.x, recoding);
    unsigned const b = recode(of.y, recoding);
    unsigned const c = recode(of.z, recoding);
    unsigned const d = recode(of.w, recoding);
    // Low bytes of two even samples and of two odd ones; then the high bytes.
    unsigned const low_ab = choose_bytes(a, b, 0x6240U);
    unsigned const low_cd = choose_bytes(c, d, 0x6240U);
    unsigned const high_ab = choose_bytes(a, b, 0x7351U);
    unsigned const high_cd = choose_bytes(c, d, 0x7351U);
    planes[0] = {choose_bytes(low_ab, low_cd, 0x5410U), choose_bytes(low_ab, low_cd, 0x7632U)};
    planes[1] = {choose_bytes(high_ab, high_cd, 0x5410U), choose_bytes(high_ab, high_cd, 0x7632U)};
  }

  __host__ __device__ static void count_two(unsigned codes, unsigned set, SetSums& to) {
    for (unsigned i = 0; i < 2; ++i) {
      unsigned const code = (codes >> (16 * i)) & 0xFFFFU;
      if (((set >> (2 * i)) & 1U) != 0 && code != 0xFFFFU) {
        to.sum += code;
        to.sum_of_squares += code * code;  // 65534 squared is below 2^32
        ++to.n_called;
        to.least = code < to.least ? code : to.least;
        to.greatest = code > to.greatest ? code : to.greatest;
      }
    }
  }

  __host__ __device__ static void count_eight(uint4 const& of, unsigned set, SetSums& to) {
    count_two(of.x, set, to);
    count_two(of.y, set >> 4U, to);
    count_two(of.z, set >> 8U, to);
    count_two(of.w, set >> 12U, to);
  }

  __host__ __device__ static void count(Word const& word, unsigned set, SetSums& to) {
    count_eight(word.first, set, to);
    count_eight(word.second, set >> 16U, to);
  }

  __host__ __device__ static unsigned word_sum(Word const& word) {
    return ByteRows::word_sum(word.first) + ByteRows::word_sum(word.second);
  }
};

/// Rows of fine codes, four bytes each. What is counted has three; the fourth, empty, shares a
/// multiplication of 16 rows with the third. (On Turing it is a quarter of the work.)
struct FineRows {
  struct Word {  ///< of 16 samples
    uint4 part[4];
  };
  static constexpr unsigned n_planes = 4;

  __host__ __device__ static unsigned recoding(RowKind kind) { return static_cast<unsigned>(kind); }

  __host__ __device__ static unsigned recode(unsigned code, unsigned recoding) {
    bool const is_other = recoding == static_cast<unsigned>(RowKind::other_counted);
    bool const is_missing = recoding == static_cast<unsigned>(RowKind::missing);
    // Selections, not branches: rows of a warp differ in kind, and its threads multiply together.
    unsigned const counted = is_other ? two_copies_fine - code : code;
    unsigned const known = is_missing ? 0U : counted;
    return code != missing_fine ? known : (is_missing ? 1U : 0U);
  }

  /// The byte `at` of four codes.
  __host__ __device__ static unsigned bytes_at(unsigned at, unsigned const (&codes)[4]) {
    unsigned const pair = at + ((at + 4) << 4U);
    return choose_bytes(choose_bytes(codes[0], codes[1], pair),
                        choose_bytes(codes[2], codes[3], pair), 0x5410U);
  }

  __host__ __device__ static void split(Word const& word, unsigned half, unsigned recoding,
                                        CodeBytes (&planes)[n_planes]) {
    uint4 const first = half == 0 ? word.part[0] : word.part[2];
    uint4 const second = half == 0 ? word.part[1] : word.part[3];
    unsigned const even[4] = {recode(first.x, recoding), recode(first.z, recoding),
                              recode(second.x, recoding), recode(second.z, recoding)};
    unsigned const odd[4] = {recode(first.y, recoding), recode(first.w, recoding),
                             recode(second.y, recoding), recode(second.w, recoding)};
#pragma unroll
    for (unsigned plane = 0; plane < n_planes; ++plane) {
      planes[plane] = {bytes_at(plane, even), bytes_at(plane, odd)};
    }
  }

  __host__ __device__ static void count_one(unsigned code, bool is_member, SetSums& to) {
    if (is_member && code != missing_fine) {
      to.sum += code;
      to.sum_of_squares += static_cast<unsigned long long>(code) * code;
      ++to.n_called;
      to.least = code < to.least ? code : to.least;
      to.greatest = code > to.greatest ? code : to.greatest;
    }
  }

  __host__ __device__ static void count(Word const& word, unsigned set, SetSums& to) {
#pragma unroll
    for (unsigned i = 0; i < 4; ++i) {
      unsigned const members = set >> (8 * i);
      count_one(word.part[i].x, (members & 1U) != 0, to);
      count_one(word.part[i].y, (members & 4U) != 0, to);
      count_one(word.part[i].z, (members & 16U) != 0, to);
      count_one(word.part[i].w, (members & 64U) != 0, to);
    }
  }

  __host__ __device__ static unsigned word_sum(Word const& word) {
    return ByteRows::word_sum(word.part[0]) + ByteRows::word_sum(word.part[1]) +
           ByteRows::word_sum(word.part[2]) + ByteRows::word_sum(word.part[3]);
  }
};

}  // namespace igwas::cuda
