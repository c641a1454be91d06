// One thread of a scan: reads a batch, multiplies it, tests it.
#pragma once

#include "igwas/dosage_products.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/fixed_products.hpp"
#include "igwas/genotype_source.hpp"
#include "igwas/scan.hpp"
#include "igwas/statistics_block.hpp"
#include "igwas/variant_statistics.hpp"

#include <vector>

namespace igwas {

/// One thread's memory and its tests.
class ScanWorker {
 public:
  /// `fixed` : the columns of `model` as integers; null: sums in float64.
  /// `hit_chisq` : no statistic below it can be a hit.
  ScanWorker(GenotypeSource const& source, ScanModel const& model, SampleSets const& sets,
             FixedColumns const* fixed, ScanRows const& rows, ScanOptions const& options,
             double hit_chisq);

  void run(ScanBlock const& block, StatisticsSink& sink);

 private:
  [[nodiscard]] Reason excluded(std::size_t row) const noexcept;
  void run_batch(ScanBlock const& block, std::size_t first, std::size_t n);
  void test(ScanBlock const& block, std::size_t row, std::size_t variant, std::size_t mask);
  void list_missing(std::size_t variant, MaskGroup const& group);
  void store(MaskStatistics const& from, std::size_t at);
  void store_phenotypes(MaskGroup const& group, std::size_t row, std::int32_t dof);

  GenotypeSource const& source_;
  ScanModel const& model_;
  SampleSets const& sets_;
  FixedColumns const* fixed_;  ///< null: sums in float64
  ScanRows rows_;
  ScanOptions const& options_;
  double hit_chisq_;
  std::size_t batch_rows_ = 1;
  std::vector<VariantTest> tests_;
  GenotypeBatch batch_;
  GenotypeSource::Scratch scratch_;
  BatchProducts products_;
  FixedScratch fixed_scratch_;
  DosageScratch dosage_scratch_;
  std::vector<double> beta_;
  std::vector<double> se_;
  std::vector<std::uint32_t> missing_samples_;
  StatisticsBlock out_;
};

}  // namespace igwas
