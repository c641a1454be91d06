// Sinks of the scan: a preallocated file, or arrays in memory.
#pragma once

#include "igwas/statistics_block.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace igwas {

/// Byte offsets of the contiguous arrays of a statistics file; `se` may be absent.
struct StatisticsLayout {
  std::size_t n_masks = 0;
  std::size_t n_phenotypes = 0;
  std::uint64_t n = 0;
  std::uint64_t missing_count = 0;
  std::uint64_t effect_allele_frequency = 0;
  std::uint64_t minor_allele_count = 0;
  std::uint64_t genotype_sum_of_squares = 0;
  std::uint64_t degrees_of_freedom = 0;
  std::uint64_t reason = 0;
  std::uint64_t omnibus_f = 0;
  std::uint64_t omnibus_log10p = 0;
  std::uint64_t beta = 0;
  std::uint64_t se = 0;
  bool has_se = false;
  std::uint64_t done = 0;  ///< one byte a block
};

/// Writes blocks at their fixed places with pwrite, hits to a journal beside the file.
///
/// A block's byte in the done map is set only after its numbers and hits are on the disk
/// (fdatasync), so that what the map says survives kill -9 and power loss. Blocks wait for a
/// common sync of up to a second, or 64 of them.
///
/// After the first failure every later call fails too: behind a torn record, or after a sync that
/// lost pages, nothing may be called done, even if the disk has room again. What was whole before a
/// torn record is synced then, and done.
///
/// Journal: records of {magic, block, hits, CRC-32C of the hits} and the hits; a torn record at
/// the end belongs to a block that is not done, and its reader stops there.
class StatisticsFileSink final : public StatisticsSink {
 public:
  /// Both files exist. Throws SystemError.
  StatisticsFileSink(std::string const& path, std::string const& journal_path,
                     StatisticsLayout const& layout);
  ~StatisticsFileSink() override;
  StatisticsFileSink(StatisticsFileSink const&) = delete;
  StatisticsFileSink& operator=(StatisticsFileSink const&) = delete;

  void write(StatisticsBlock const& block) override;
  void finish() override;

 private:
  void write_arrays(StatisticsBlock const& block) const;
  void append_hits(StatisticsBlock const& block);
  [[nodiscard]] std::vector<std::size_t> record(StatisticsBlock const& block);
  void sync(std::vector<std::size_t> const& blocks);
  /// Blocks that wait for a sync get it now, if it can be had.
  void keep_written() noexcept;
  void refuse_after_failure() const;

  std::string path_;
  std::string journal_path_;
  StatisticsLayout layout_;
  int file_ = -1;
  int journal_ = -1;
  std::atomic<int> failure_{0};  ///< errno of the first write that failed
  std::mutex sync_mutex_;        ///< one sync at a time: the system reports a lost page only once
  std::mutex mutex_;             ///< guards the journal and what follows
  std::vector<std::size_t> written_;
  std::chrono::steady_clock::time_point last_sync_;
};

/// Numbers in memory, in the caller's arrays, all C-contiguous.
struct StatisticsArrays {
  std::size_t n_masks = 0;
  std::size_t n_phenotypes = 0;
  std::int32_t* n = nullptr;
  std::int32_t* missing_count = nullptr;
  double* effect_allele_frequency = nullptr;
  double* minor_allele_count = nullptr;
  double* genotype_sum_of_squares = nullptr;
  std::int32_t* degrees_of_freedom = nullptr;
  std::uint8_t* reason = nullptr;
  double* omnibus_f = nullptr;
  double* omnibus_log10p = nullptr;
  double* beta = nullptr;
  double* se = nullptr;
};

[[nodiscard]] std::unique_ptr<StatisticsSink> make_array_sink(StatisticsArrays const& arrays);

}  // namespace igwas
