// The results of one block of variants, and where they go.
#pragma once

#include "igwas/scan_model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace igwas {

/// A test whose -log10 p reached the threshold, in full precision.
struct Hit {
  std::int64_t variant;  ///< row of the output
  std::int32_t phenotype;
  std::int32_t reserved;  ///< zero, so that the record has no padding
  double beta;
  double se;
  double log10p;
};

/// Consecutive rows of the output, filled by one thread.
struct StatisticsBlock {
  std::size_t index = 0;
  std::size_t first_row = 0;
  std::size_t n_variants = 0;
  // (variants, masks)
  std::vector<std::int32_t> n;
  std::vector<std::int32_t> missing_count;
  std::vector<double> effect_allele_frequency;
  std::vector<double> minor_allele_count;
  std::vector<double> genotype_sum_of_squares;
  std::vector<std::int32_t> degrees_of_freedom;
  std::vector<std::uint8_t> reason;
  std::vector<double> omnibus_f;
  std::vector<double> omnibus_log10p;
  // (variants, phenotypes)
  std::vector<double> beta;
  std::vector<double> se;
  std::vector<Hit> hits;

  void reset(std::size_t variants, std::size_t masks, std::size_t phenotypes);
};

/// Takes finished blocks, from any thread, in any order.
class StatisticsSink {
 public:
  virtual ~StatisticsSink() = default;
  virtual void write(StatisticsBlock const& block) = 0;
  /// Called once, after the last block of a run.
  virtual void finish() = 0;
};

}  // namespace igwas
