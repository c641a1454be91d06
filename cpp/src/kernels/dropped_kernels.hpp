// The inner loops of leaving samples out: sums over the rows of samples without a call, in float32.
//
// What they sum corrects sums over everybody, of which it is a small share. Multiply-adds are fused
// where the machine can: instruction sets differ by rounding of that share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace igwas::kernels {

/// Rows are a multiple of so many numbers long; their padding is zero.
constexpr std::size_t dropped_lane = 16;

struct DroppedKernels {
  /// out[0..n) = from[0..n), the rest up to `width` zero. Reads dropped_lane numbers past the n.
  void (*widen_row)(std::int16_t const* from, std::size_t n, std::size_t width, float* out);
  /// outer[c][0..width) += sum over n rows of row[basis + c] x row[0..width), c < n_basis; squares
  /// += sum of row[0..width)^2. Rows of `outer` are `width` apart.
  void (*add_outer)(float const* rows, std::size_t n, std::size_t width, std::size_t basis,
                    std::size_t n_basis, float* outer, float* squares);
  /// out[0..width) += sum over n rows of (row . vector) row.
  void (*apply_rows)(float const* rows, std::size_t n, std::size_t width, float const* vector,
                     float* out);
};

extern DroppedKernels const dropped_generic;
#if defined(__x86_64__)
extern DroppedKernels const dropped_avx2;
extern DroppedKernels const dropped_avx512;
#endif

/// Those of the instruction set that the process uses.
[[nodiscard]] DroppedKernels const& dropped_kernels();

}  // namespace igwas::kernels
