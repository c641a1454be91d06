// The arithmetic of one test, in float64: one body for the CPU and for GPUs, so that both give the
// same bits. Neither may fuse a multiplication and an addition (-ffp-contract=off, --fmad=false).
#pragma once

#include "igwas/host_device.hpp"

#include <cmath>
#include <cstdint>

namespace igwas {

/// A limb of a column in fixed point is at most this.
inline constexpr double fixed_limb = 0x1p20;

/// A phenotype whose residual is less than this share of it is a small difference of sums that were
/// rounded: a nearly perfect fit, or variance that only samples without a call had.
inline constexpr double least_residual_share = 1e-3;

/// A phenotype with less than this share of its variance left is constant.
inline constexpr double constant_tolerance = 1e-10;

/// The sum of a column from the sums of its integers; `low` is 0 and `has_low` false where it has
/// one limb. Sums of hard calls and bytes stay below 2^53, so only the addition rounds; those of
/// longer codes may be larger, and are rounded to the nearest as they become float64.
[[nodiscard]] IGWAS_HOST_DEVICE inline double column_value(std::int64_t high, std::int64_t low,
                                                           bool has_low, double unit) noexcept {
  double const upper = static_cast<double>(high) * (has_low ? fixed_limb : 1.0);
  return (upper + static_cast<double>(low)) * unit;
}

/// A genotype whose missing calls are its mean.
struct MeanImputed {
  double mean;
  double sum_of_squares;
};

[[nodiscard]] IGWAS_HOST_DEVICE inline MeanImputed impute_mean(double sum, double sum_of_squares,
                                                               double n_called,
                                                               double n_missing) noexcept {
  double const mean = sum / n_called;
  return {mean, sum_of_squares + n_missing * mean * mean};
}

/// What the tests of one variant share.
struct CoefficientUnits {
  double genotype;      ///< S, code units
  double freedom;       ///< degrees of freedom x S
  double unit;          ///< allele copies to code units, with the sign of the counted allele
  double not_a_number;  ///< written where the phenotype does not vary
};

struct Coefficient {
  double beta;
  double se;
  bool is_small;  ///< the residual is a small share of the phenotype
};

/// \param product of genotype and phenotype, code units.
/// \param sum_of_squares of the phenotype among the samples with a call.
/// \param total the same among all.
[[nodiscard]] IGWAS_HOST_DEVICE inline Coefficient coefficient(
    double product, double sum_of_squares, double total, CoefficientUnits const& with) noexcept {
  double const slope = product / with.genotype;
  double const residual = sum_of_squares - product * slope;
  double const error = std::sqrt((residual > 0 ? residual : 0.0) / with.freedom);
  bool const varies = sum_of_squares > constant_tolerance * total;
  return {varies ? with.unit * slope : with.not_a_number,
          varies ? std::fabs(with.unit) * error : with.not_a_number,
          varies && residual < least_residual_share * total};
}

/// Whether a squared statistic reaches `chisq`, without a division.
[[nodiscard]] IGWAS_HOST_DEVICE inline bool reaches(double beta, double se, double chisq) noexcept {
  return beta * beta >= chisq * (se * se);
}

}  // namespace igwas
