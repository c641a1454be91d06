#include "cuda_device.hpp"

#include "cuda_lane.hpp"
#include "igwas/packed_calls.hpp"
#include "runtime.hpp"

#include <numeric>
#include <optional>
#include <utility>

namespace igwas::cuda {

namespace {

/// The oldest GPU whose tensor cores multiply bytes (Turing), times ten.
constexpr int least_capability = 75;

/// For each GPU: one worker waits for it while another prepares what comes next.
constexpr std::size_t waiting_workers = 2;

[[nodiscard]] std::string gpu_name(int gpu) { return "GPU " + std::to_string(gpu); }

[[nodiscard]] int count_gpus() {
  int n = 0;
  return cudaGetDeviceCount(&n) == cudaSuccess ? n : 0;
}

/// The columns on every GPU of a CudaDevice.
class CudaColumns final : public DeviceColumns {
 public:
  CudaColumns(FixedColumns const& columns, std::vector<int> const& gpus, bool has_bytes,
              std::size_t n_lanes, DeviceTests const* tests)
      : layout_(columns) {
    std::optional<HostTables> host;
    if (tests != nullptr) {
      host.emplace(*tests, columns);
    }
    std::size_t const row_bytes = columns.rows() / (has_bytes ? 1 : 4);
    for (std::size_t i = 0; i < gpus.size(); ++i) {
      MemoryNeeds const needs{
          .digit_bytes = layout_.tiles() * layout_.tile_bytes() + (host ? host->bytes() : 0),
          .row_bytes = row_bytes,
          .n_columns = layout_.columns(),
          .n_lanes = (n_lanes + gpus.size() - 1 - i) / gpus.size(),
          .test_bytes = host ? test_bytes(host->shape(*tests), layout_.columns()) : 0,
      };
      check(cudaSetDevice(gpus[i]), "select the GPU");
      std::size_t n_free = 0;
      std::size_t n_total = 0;
      check(cudaMemGetInfo(&n_free, &n_total), "ask for its free memory");
      std::size_t const rows = plan_piece_rows(needs, n_free, gpu_name(gpus[i]));
      digits_.push_back(device_buffer<std::int8_t>(layout_.tiles() * layout_.tile_bytes()));
      if (host) {
        tables_.push_back(std::make_unique<ModelTables>(*tests, *host));
      }
      resident_.push_back({gpus[i], columns, layout_, digits_.back().data(),
                           host ? tables_.back().get() : nullptr, needs, rows});
    }
  }

  void upload(Context const& context) {
    std::vector<std::int8_t> packed;
    for (std::size_t tile = 0; tile < layout_.tiles(); ++tile) {
      layout_.pack(context, tile, packed);
      for (std::size_t i = 0; i < resident_.size(); ++i) {
        check(cudaSetDevice(resident_[i].gpu), "select the GPU");
        check(cudaMemcpy(digits_[i].data() + tile * layout_.tile_bytes(), packed.data(),
                         packed.size(), cudaMemcpyHostToDevice),
              "copy the phenotypes");
        // A copy from memory that is not pinned may still be under way when the call returns, and
        // the lanes' streams wait for no other.
        check(cudaDeviceSynchronize(), "copy the phenotypes");
      }
    }
  }

  [[nodiscard]] std::unique_ptr<DeviceLane> open_lane(std::size_t worker) const override {
    return std::make_unique<CudaLane>(resident_[worker % resident_.size()]);
  }

 private:
  DigitColumns layout_;
  std::vector<DeviceBuffer<std::int8_t>> digits_;
  std::vector<std::unique_ptr<ModelTables>> tables_;
  std::vector<ResidentColumns> resident_;
};

void check_usable(int gpu, std::vector<GpuFacts> const& found) {
  if (gpu < 0 || std::cmp_greater_equal(gpu, found.size())) {
    throw DeviceUnavailable("--gpus names GPU " + std::to_string(gpu) + "; expected 0 to " +
                            std::to_string(found.size() - 1) +
                            ". `igwas-fast doctor` lists the GPUs.");
  }
  GpuFacts const& facts = found[static_cast<std::size_t>(gpu)];
  if (10 * facts.major + facts.minor < least_capability) {
    throw DeviceUnavailable(gpu_name(gpu) + " (" + facts.name + ") has compute capability " +
                            std::to_string(facts.major) + "." + std::to_string(facts.minor) +
                            "; expected 7.5 or higher. Use another GPU, or --device cpu.");
  }
}

}  // namespace

CudaStatus cuda_status() {
  int n = 0;
  cudaError_t const error = cudaGetDeviceCount(&n);
  if (error == cudaSuccess && n > 0) {
    return {true, std::to_string(n) + (n == 1 ? " GPU" : " GPUs")};
  }
  static_cast<void>(cudaGetLastError());
  // Without any driver the runtime calls the driver too old.
  int driver = 0;
  bool const has_driver = cudaDriverGetVersion(&driver) == cudaSuccess && driver != 0;
  if (error == cudaErrorInsufficientDriver && has_driver) {
    return {false, "the NVIDIA driver is older than this build's CUDA " +
                       std::to_string(CUDART_VERSION / 1000) + "." +
                       std::to_string(CUDART_VERSION % 1000 / 10)};
  }
  if (error == cudaErrorInsufficientDriver || error == cudaErrorNoDevice || error == cudaSuccess) {
    return {false, has_driver ? "there is no GPU" : "there is no NVIDIA driver"};
  }
  return {false, "the GPU cannot be used (" + describe(error) + ")"};
}

std::vector<GpuFacts> list_gpus() {
  std::vector<GpuFacts> found;
  for (int gpu = 0; gpu < count_gpus(); ++gpu) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, gpu), "describe itself");
    found.push_back(
        {properties.name, properties.major, properties.minor, properties.totalGlobalMem});
  }
  return found;
}

CudaDevice::CudaDevice(std::vector<int> gpus) : gpus_(std::move(gpus)) {
  CudaStatus const status = cuda_status();
  if (!status.is_usable) {
    throw DeviceUnavailable("--device is 'cuda' but " + status.reason +
                            "; expected a GPU. Run with --device cpu.");
  }
  std::vector<GpuFacts> const found = list_gpus();
  if (gpus_.empty()) {
    gpus_.resize(found.size());
    std::iota(gpus_.begin(), gpus_.end(), 0);
  }
  for (int const gpu : gpus_) {
    check_usable(gpu, found);
  }
}

std::size_t CudaDevice::n_waiting_workers() const noexcept {
  return waiting_workers * gpus_.size();
}

std::unique_ptr<DeviceColumns> CudaDevice::load(Context const& context, FixedColumns const& columns,
                                                bool has_bytes, std::size_t n_lanes,
                                                DeviceTests const* tests) const {
  auto loaded = std::make_unique<CudaColumns>(columns, gpus_, has_bytes, n_lanes, tests);
  loaded->upload(context);
  return loaded;
}

}  // namespace igwas::cuda
