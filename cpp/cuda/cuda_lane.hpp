// One worker's way through a GPU: pieces of a batch, copied, summed and copied back in turn.
#pragma once

#include "digit_columns.hpp"
#include "igwas/device.hpp"
#include "igwas/dot_products.hpp"
#include "memory_plan.hpp"
#include "runtime.hpp"
#include "sum_rows_arguments.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace igwas::cuda {

/// What lanes of one device share; outlives them.
struct ResidentColumns {
  int gpu;
  FixedColumns const& columns;
  DigitColumns const& layout;
  std::int8_t const* digits;  ///< of the device's memory
  MemoryNeeds needs;
  std::size_t piece_rows;
};

/// Not shared: its worker alone calls it. Not to be used again once multiply() has thrown.
class CudaLane final : public DeviceLane {
 public:
  /// Halves the pieces of the plan while they do not fit what the device has left.
  explicit CudaLane(ResidentColumns const& resident);

  void multiply(GenotypeBatch const& batch, BatchProducts& out, bool sums_missing) override;

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
    Event finished;
    // After the buffers: destroyed before them, once what it has queued is done.
    Stream stream;
    std::vector<std::int64_t> code_sums;  ///< (rows) of their genotypes, known without the device
    std::size_t n_rows = 0;               ///< under way; 0: nothing is
    std::size_t first = 0;                ///< variant of the batch
  };

  /// A call of multiply().
  struct Product {
    GenotypeBatch const& batch;
    BatchProducts& out;
    bool sums_missing;
  };

  [[nodiscard]] static Slot make_slot(MemoryNeeds const& needs, std::size_t piece_rows);
  void allocate();
  /// List the rows of a piece and put its genotypes where the device can fetch them.
  void fill(Slot& slot, Product const& product, std::size_t first, std::size_t n) const;
  void start(Slot& slot, Product const& product, std::size_t n) const;
  /// Wait for a piece, if one is under way, and take its sums.
  void finish(Slot& slot, Product const& product) const;
  void check_row(Slot const& slot, std::size_t row) const;

  ResidentColumns const& resident_;
  std::size_t piece_rows_;
  std::array<Slot, lane_slots> slots_;
};

}  // namespace igwas::cuda
