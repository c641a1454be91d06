// One thread of a scan: reads a batch, multiplies it, tests it.
#pragma once

#include "igwas/device.hpp"
#include "igwas/device_tests.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/exact_products.hpp"
#include "igwas/genotype_source.hpp"
#include "igwas/scan.hpp"
#include "igwas/statistics_block.hpp"
#include "igwas/variant_statistics.hpp"

#include <array>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace igwas {

/// One thread's memory and its tests.
class ScanWorker {
 public:
  /// `fixed` : the columns of `model` as integers; null: sums in float64.
  /// `coarse` : the same in 16 bits, to leave samples out the fast way; null: in float64.
  /// `hit_chisq` : no statistic below it can be a hit.
  ScanWorker(GenotypeSource const& source, ScanModel const& model, SampleSets const& sets,
             FixedColumns const* fixed, CoarseColumns const* coarse, ScanRows const& rows,
             ScanOptions const& options, double hit_chisq);

  /// Leave the sums over genotypes to a device from now on, and tests too where it `can_test`.
  void use(std::unique_ptr<DeviceLane> lane, bool can_test) {
    lane_ = std::move(lane);
    lane_tests_ = can_test;
  }

  void run(ScanBlock const& block, StatisticsSink& sink);

 private:
  /// Variants of a batch that are tested together, and where their results go.
  struct Group {
    Haploid haploid;
    std::size_t mask;
    std::size_t first;  ///< in the batch
    std::size_t n;
    std::size_t row;  ///< of the block, of the first
  };

  [[nodiscard]] bool is_excluded(std::size_t row) const noexcept;
  void run_batch(ScanBlock const& block, std::size_t first, std::size_t n);
  void test_on_device(ScanBlock const& block, std::size_t first, std::size_t n);
  void conclude(Group const& group, DeviceFit const& fit, bool is_flipped);
  void test(Group const& group);
  void test_again(Group const& group, std::size_t i);
  [[nodiscard]] VariantSums sums_of(Group const& group, std::size_t i);
  [[nodiscard]] Coefficients coefficients(Group const& group, std::size_t i);
  void store(Group const& group, std::size_t i);
  void store_excluded(Group const& group, std::size_t i);
  [[nodiscard]] bool is_rounded(MaskStatistics const& of) const noexcept;
  void gather(MaskGroup const& mask, std::size_t row, Coefficients const& to) const;
  void scatter(MaskGroup const& mask, std::size_t row, Coefficients const& from);
  void find_hits(Group const& group, std::size_t i, Coefficients const& from);

  GenotypeSource const& source_;
  ScanModel const& model_;
  SampleSets const& sets_;
  FixedColumns const* fixed_;  ///< null: sums in float64
  ScanRows rows_;
  ScanOptions const& options_;
  double hit_chisq_;
  bool is_corrected_;  ///< samples without a call are left out by correcting the fit of everybody
  std::size_t batch_rows_ = 1;
  std::vector<VariantTest> tests_;
  GenotypeBatch batch_;
  GenotypeSource::Scratch scratch_;
  BatchProducts products_;
  ExactScratch exact_scratch_;
  std::unique_ptr<DeviceLane> lane_;         ///< null: this thread makes the sums
  bool lane_tests_ = false;                  ///< and tests, where nobody is haploid
  std::vector<DeviceFit> fits_;              ///< (variants, masks) of the batch
  std::vector<std::uint8_t> is_flipped_;     ///< (variants) of the batch
  std::vector<std::uint8_t> is_contiguous_;  ///< (masks) whose phenotypes are side by side
  std::vector<double> beta_;                 ///< (at_once, phenotypes) of masks that are not
  std::vector<double> se_;
  std::array<VariantSums, VariantTest::at_once> sums_;
  std::array<MaskStatistics, VariantTest::at_once> statistics_;
  std::array<std::vector<std::uint32_t>, VariantTest::at_once> missing_samples_;
  StatisticsBlock out_;
};

}  // namespace igwas
