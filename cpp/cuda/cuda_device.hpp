// The GPUs of this machine, and a scan's use of some of them.
#pragma once

#include "igwas/device.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace igwas::cuda {

/// Whether there is a GPU that can be used; if not, why, in a few words.
struct CudaStatus {
  bool is_usable;
  std::string reason;
};

[[nodiscard]] CudaStatus cuda_status();

struct GpuFacts {
  std::string name;
  int major;  ///< compute capability
  int minor;
  std::size_t memory_bytes;
};

/// GPUs in the runtime's order; none if cuda_status() says so.
[[nodiscard]] std::vector<GpuFacts> list_gpus();

/// Some of this machine's GPUs: workers take them in turn, so that blocks are spread over them.
class CudaDevice final : public Device {
 public:
  /// \param gpus numbers as in list_gpus(); empty: all.
  /// \throws DeviceUnavailable if there is none, or one cannot be used.
  explicit CudaDevice(std::vector<int> gpus);

  [[nodiscard]] std::size_t n_waiting_workers() const noexcept override;

  [[nodiscard]] std::unique_ptr<DeviceColumns> load(Context const& context,
                                                    FixedColumns const& columns,
                                                    GenotypeBatch::Kind kind, std::size_t n_lanes,
                                                    DeviceTests const* tests) const override;

 private:
  std::vector<int> gpus_;
};

}  // namespace igwas::cuda
