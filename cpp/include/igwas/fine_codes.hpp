// Dosages of arrays as whole numbers: what a device sums where a float would make sums inexact.
#pragma once

#include "igwas/host_device.hpp"

#include <cstddef>
#include <cstdint>

namespace igwas {

/// The code of two copies. With a finer one, squares of a million codes would not fit 64 bits.
inline constexpr std::uint32_t two_copies_fine = 1U << 22;
inline constexpr std::uint32_t missing_fine = 0xFFFFFFFFU;

/// Copies of one code unit, a power of two: whole copies, and dosages in 16,384ths (PLINK 2's), are
/// not rounded.
inline constexpr double fine_scale = 0x1p-21;
static_assert(two_copies_fine * fine_scale == 2);

/// People whose sums of codes, of squares of codes and of codes times columns fit 64 bits: for
/// squares 2^44 of each, whichever allele is counted.
inline constexpr std::size_t most_fine_samples = (std::size_t{1} << 20) - 1;

/// \throws DeviceUnavailable if there are more.
void require_fine_samples(std::size_t n_samples);

/// What covariates must leave of the squares of a variant's codes, a sample: rounding alone makes
/// 1/12, and a genotype that is not much more than that is collinear.
inline constexpr double least_fine_square = 10;

/// The code of a dosage from 0 to 2, to the nearest; NaN is missing. The same on a GPU: scaling
/// rounds nothing, and the addition is rounded alike everywhere.
template <typename T>
[[nodiscard]] IGWAS_HOST_DEVICE inline std::uint32_t fine_code_of(T dosage) noexcept {
  if (dosage != dosage) {
    return missing_fine;
  }
  return static_cast<std::uint32_t>(static_cast<double>(dosage) * (1 / fine_scale) + 0.5);
}

}  // namespace igwas
