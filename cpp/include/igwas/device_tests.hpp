// Tests that a device makes itself: what it needs for them, and what comes back.
#pragma once

#include "igwas/cholesky.hpp"
#include "igwas/genotype_batch.hpp"
#include "igwas/scan_model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace igwas {

/// What a device fitted of one variant and one mask, beside the coefficients of its phenotypes.
struct DeviceFit {
  CodeSums code;        ///< of the allele that is counted
  double genotype = 0;  ///< S, code units
  /// u'A^-1 u of the omnibus test, code units.
  double explained = 0;
  bool is_small_difference = false;  ///< as MaskStatistics::is_small_difference
  bool may_hit = false;              ///< some phenotype reaches DeviceTests::hit_chisq
};

/// The tests of a scan with MissingCalls::mean. Referred to as long as a device has its columns.
struct DeviceTests {
  DeviceTests(ScanModel const& of, SampleSets const& with, std::size_t n_columns,
              double least_chisq);

  ScanModel const& model;
  SampleSets const& sets;
  std::size_t n_phenotypes;  ///< columns of the output
  double hit_chisq;
  std::vector<Cholesky> omnibus;  ///< (masks) factors of the omnibus tests
};

/// Where the tests of a batch go.
struct DeviceResults {
  std::span<DeviceFit> fits;           ///< (variants, masks)
  std::span<std::uint8_t> is_flipped;  ///< (variants)
  double* beta = nullptr;              ///< (variants, n_phenotypes)
  double* se = nullptr;                ///< (variants, n_phenotypes)
};

/// Whole-number sums over the called samples of a set, in codes of the effect allele.
struct EffectSums {
  std::size_t n_called = 0;
  std::size_t n_one_of_each = 0;  ///< hard calls only
  std::uint64_t sum = 0;
  std::uint64_t sum_of_squares = 0;
  std::uint32_t least = 0xFFFFFFFFU;  ///< not of hard calls
  std::uint32_t greatest = 0;         ///< the same
};

/// The code of two copies.
[[nodiscard]] std::uint64_t two_copies_of(GenotypeBatch::Kind kind) noexcept;

/// What covariates must leave of a genotype's squares, a sample, for it to be more than rounding;
/// 0 where codes are not rounded, or a test of it is what was asked for.
[[nodiscard]] double least_square_of(GenotypeBatch::Kind kind) noexcept;

/// The share of a genotype's squares that covariates must leave: below it S is the rounding of sums
/// in float64, or, of integers, of columns in 40 bits. A genotype that hardly differs between
/// people has less.
[[nodiscard]] double least_share_of(GenotypeBatch::Kind kind) noexcept;

/// The same of the allele that is counted.
///
/// \param n_samples in the set.
[[nodiscard]] CodeSums count_allele(EffectSums const& of, GenotypeBatch::Kind kind,
                                    std::size_t n_samples, bool is_flipped) noexcept;

}  // namespace igwas
