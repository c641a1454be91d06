#include "cuda_device.hpp"

#include "cuda_columns.hpp"
#include "runtime.hpp"

#include <numeric>
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
                                                GenotypeBatch::Kind kind, std::size_t n_lanes,
                                                DeviceTests const* tests) const {
  // The columns' own way goes from GPU to GPU.
  OnDevice const here(gpus_.front());
  return std::make_unique<CudaColumns>(
      context, ColumnsToLoad{columns, gpus_, kind, n_lanes, tests, nullptr});
}

}  // namespace igwas::cuda
