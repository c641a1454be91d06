// The scan: every variant against every phenotype, block by block, on all threads.
#pragma once

#include "igwas/context.hpp"
#include "igwas/device.hpp"
#include "igwas/fixed_columns.hpp"
#include "igwas/genotype_source.hpp"
#include "igwas/scan_model.hpp"
#include "igwas/statistics_block.hpp"
#include "igwas/thread_pool.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace igwas {

/// How finely phenotypes and covariates are rounded before they are summed over hard calls.
enum class Precision : std::uint8_t {
  /// One limb, two for a column with values far out: a z score is off by about 1e-6, never 1e-4.
  standard = 1,
  full = 2  ///< two limbs: as float64
};

struct ScanOptions {
  MissingCalls missing = MissingCalls::mean;
  VariantFilters filters;
  Precision precision = Precision::standard;
  double hit_log10p = 5;
  std::size_t n_phenotypes = 0;                     ///< columns of the output
  std::size_t batch_bytes = std::size_t{16} << 20;  ///< decoded genotypes a thread holds
};

/// Consecutive rows of the output that share a model and a ploidy.
struct ScanBlock {
  std::size_t index = 0;
  std::size_t first_row = 0;
  std::size_t n_variants = 0;
  Haploid haploid = Haploid::nobody;
};

/// Rows of the output: which variant of the source each is, and why it is not to be tested.
struct ScanRows {
  std::span<std::int64_t const> source_row;       ///< ascending within a block
  std::span<std::uint8_t const> excluded_reason;  ///< Reason; empty: none is excluded
};

/// Hard-call variants that are multiplied together: tables pay for themselves over many.
inline constexpr std::size_t most_fixed_rows = 4096;

/// The columns of a model as integers, in as many limbs as the precision asks for.
[[nodiscard]] FixedColumns fixed_columns(Context const& context, ScanModel const& model,
                                         Precision precision);

/// Test `blocks` and give each to `sink` as it is finished; calls sink.finish() at the end.
///
/// `progress(n)` is called by the calling thread about ten times a second with the variants done
/// so far; it may throw to stop the scan, which leaves finished blocks with the sink.
///
/// \param device makes the sums of whatever is stored as integers; null: the threads do.
/// \throws DeviceUnavailable if there is a device and genotypes are of another kind.
void scan(Context const& context, GenotypeSource const& source, ScanModel const& model,
          ScanRows const& rows, std::span<ScanBlock const> blocks, ScanOptions const& options,
          StatisticsSink& sink, std::function<void(std::size_t)> const& progress,
          Device const* device = nullptr);

}  // namespace igwas
