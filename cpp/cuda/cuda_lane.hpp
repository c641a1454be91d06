// One worker's way through a GPU: pieces of a batch, copied, summed and copied back in turn.
#pragma once

#include "array_arguments.hpp"
#include "digit_columns.hpp"
#include "igwas/device.hpp"
#include "igwas/device_tests.hpp"
#include "igwas/dot_products.hpp"
#include "launch.hpp"
#include "memory_plan.hpp"
#include "model_tables.hpp"
#include "result_buffers.hpp"
#include "row_coding.hpp"
#include "runtime.hpp"
#include "sum_rows_arguments.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace igwas::cuda {

/// Genotypes that lie on the device, and where on it their coefficients stay.
struct ArrayOnDevice {
  ArrayRows rows;
  ArrayType type;
  RowCoding coding;         ///< what its values are packed to
  unsigned const* samples;  ///< (analysed samples) place of each in a row
  double* beta;             ///< (variants, n_phenotypes)
  double* se;               ///< (variants, n_phenotypes)
};

/// What lanes of one device share; outlives them.
struct ResidentColumns {
  int gpu;
  FixedColumns const& columns;
  DigitColumns const& layout;
  std::int8_t const* digits;   ///< of the device's memory
  ModelTables const* tables;   ///< null: no lane tests
  ArrayOnDevice const* array;  ///< null: genotypes come in batches
  MemoryNeeds needs;
  std::size_t piece_rows;
};

/// Not shared: its worker alone calls it. Not to be used again once a call has thrown.
class CudaLane final : public DeviceLane {
 public:
  /// Halves the pieces of the plan while they do not fit what the device has left.
  explicit CudaLane(ResidentColumns const& resident);

  void multiply(GenotypeBatch const& batch, BatchProducts& out, bool sums_missing) override;
  void test(GenotypeBatch const& batch, DeviceResults const& out) override;

  /// test() of variants [first, first + n) of the device's array; beta and se stay on the device,
  /// also of what is not to be tested.
  void test_array(std::size_t first, std::size_t n, std::span<DeviceFit> fits,
                  std::span<std::uint8_t> is_flipped);

  [[nodiscard]] std::size_t piece_rows() const noexcept { return piece_rows_; }

 private:
  /// A piece under way: its memory on both sides, and the stream that takes it there and back.
  struct Slot {
    PinnedBuffer<unsigned char> genotypes;
    PinnedBuffer<SumRow> rows;
    PinnedBuffer<std::int64_t> sums;
    DeviceBuffer<unsigned char> device_genotypes;
    DeviceBuffer<SumRow> device_rows;
    DeviceBuffer<unsigned long long> device_sums;
    ResultBuffers tests;  ///< empty where no lane tests
    Event finished;
    // After the buffers: destroyed before them, once what it has queued is done.
    Stream stream;
    std::vector<std::int64_t> code_sums;   ///< (rows) of their genotypes, known without the device
    std::size_t n_rows = 0;                ///< under way; 0: nothing is
    std::size_t first = 0;                 ///< variant of the batch
    std::size_t n_tests = 0;               ///< variants under test; 0: none
    std::vector<std::uint32_t> word_sums;  ///< (variants) of their genotypes, likewise
  };

  /// A call of multiply().
  struct Product {
    GenotypeBatch const& batch;
    BatchProducts& out;
    bool sums_missing;
  };

  [[nodiscard]] Slot make_slot() const;
  void make_host_buffers(Slot& slot) const;
  void allocate();
  /// Start every piece of `n` variants in a slot that is free, and take what has come back.
  template <typename Start, typename Finish>
  void in_pieces(std::size_t n, Start const& start, Finish const& finish);
  void queue_genotypes(Slot& slot, GenotypeBatch const& batch, std::size_t n) const;
  void queue_sums(Slot& slot, RowCoding coding, unsigned n_rows, unsigned const* n_more,
                  unsigned most_more) const;
  /// List the rows of a piece and put its genotypes where the device can fetch them.
  void fill(Slot& slot, Product const& product, std::size_t first, std::size_t n) const;
  void start(Slot& slot, Product const& product, std::size_t n) const;
  /// Wait for a piece, if one is under way, and take its sums.
  void finish(Slot& slot, Product const& product) const;
  void check_row(Slot const& slot, std::size_t row) const;
  void start_tests(Slot& slot, GenotypeBatch const& batch, std::size_t first, std::size_t n) const;
  void start_array_tests(Slot& slot, std::size_t variant, std::size_t first, std::size_t n) const;
  /// Count and test what is on the device.
  void queue_fits(Slot& slot, RowCoding coding, unsigned n, double* beta, double* se) const;
  void queue_counts(Slot& slot, RowCoding coding, unsigned n) const;
  void queue_tests(Slot& slot, RowCoding coding, unsigned n, double* beta, double* se) const;
  void queue_results(Slot& slot, std::size_t n) const;
  void finish_tests(Slot& slot, GenotypeBatch const& batch, DeviceResults const& out) const;
  void finish_array_tests(Slot& slot, std::span<DeviceFit> fits,
                          std::span<std::uint8_t> is_flipped) const;
  void take_fits(Slot const& slot, RowCoding coding, std::size_t variant, std::span<DeviceFit> fits,
                 std::span<std::uint8_t> is_flipped) const;
  void check_words(Slot const& slot, std::size_t variant) const;
  void check_counts(Slot const& slot, RowCoding coding, std::size_t variant) const;
  void check_sum(std::int64_t found, std::uint64_t code_sum) const;

  ResidentColumns const& resident_;
  std::size_t piece_rows_;
  std::array<Slot, lane_slots> slots_;
};

}  // namespace igwas::cuda
