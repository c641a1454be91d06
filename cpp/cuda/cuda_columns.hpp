// The columns of a model, and the tables of its tests, in the memory of GPUs.
#pragma once

#include "cuda_lane.hpp"
#include "digit_columns.hpp"
#include "igwas/device.hpp"
#include "model_tables.hpp"
#include "runtime.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace igwas::cuda {

struct ColumnsToLoad {
  FixedColumns const& columns;
  std::vector<int> gpus;
  GenotypeBatch::Kind kind;
  std::size_t n_lanes;
  DeviceTests const* tests;    ///< null: lanes do not test
  ArrayOnDevice const* array;  ///< of the only GPU; null: genotypes come in batches
};

/// The columns on every GPU of a scan.
class CudaColumns final : public DeviceColumns {
 public:
  /// \throws DeviceUnavailable if they do not fit.
  CudaColumns(Context const& context, ColumnsToLoad const& what);

  [[nodiscard]] std::unique_ptr<DeviceLane> open_lane(std::size_t worker) const override {
    return open_cuda_lane(worker);
  }
  [[nodiscard]] std::unique_ptr<CudaLane> open_cuda_lane(std::size_t worker) const;
  /// Lanes of the first GPU, at most.
  [[nodiscard]] std::size_t n_lanes() const noexcept { return resident_.front().needs.n_lanes; }
  /// Variants of a piece, as planned for the first GPU.
  [[nodiscard]] std::size_t piece_rows() const noexcept { return resident_.front().piece_rows; }

 private:
  void upload(Context const& context);

  DigitColumns layout_;
  std::vector<DeviceBuffer<std::int8_t>> digits_;
  std::vector<std::unique_ptr<ModelTables>> tables_;
  std::vector<ResidentColumns> resident_;
};

}  // namespace igwas::cuda
