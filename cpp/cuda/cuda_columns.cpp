#include "cuda_columns.hpp"

#include <optional>
#include <string>

namespace igwas::cuda {

CudaColumns::CudaColumns(Context const& context, ColumnsToLoad const& what)
    : layout_(what.columns) {
  std::optional<HostTables> host;
  ResultShape shape{};
  if (what.tests != nullptr) {
    host.emplace(*what.tests, what.columns);
    shape = host->shape(*what.tests);
    // Coefficients of an array are written where they stay.
    shape.n_phenotypes = what.array != nullptr ? 0 : shape.n_phenotypes;
  }
  std::size_t const n_gpus = what.gpus.size();
  for (std::size_t i = 0; i < n_gpus; ++i) {
    MemoryNeeds const needs{
        .digit_bytes = layout_.tiles() * layout_.tile_bytes() + (host ? host->bytes() : 0),
        .row_bytes = bytes_of_row(what.kind, what.columns.rows()),
        .n_columns = layout_.columns(),
        .n_lanes = (what.n_lanes + n_gpus - 1 - i) / n_gpus,
        .test_bytes = host ? test_bytes(shape, layout_.columns()) : 0,
    };
    check(cudaSetDevice(what.gpus[i]), "select the GPU");
    std::size_t n_free = 0;
    std::size_t n_total = 0;
    check(cudaMemGetInfo(&n_free, &n_total), "ask for its free memory");
    std::size_t const rows = plan_piece_rows(needs, n_free, "GPU " + std::to_string(what.gpus[i]));
    digits_.push_back(device_buffer<std::int8_t>(layout_.tiles() * layout_.tile_bytes()));
    if (host) {
      tables_.push_back(std::make_unique<ModelTables>(*what.tests, *host));
    }
    resident_.push_back({what.gpus[i], what.columns, layout_, digits_.back().data(),
                         host ? tables_.back().get() : nullptr, what.array, needs, rows});
  }
  upload(context);
}

void CudaColumns::upload(Context const& context) {
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

std::unique_ptr<CudaLane> CudaColumns::open_cuda_lane(std::size_t worker) const {
  return std::make_unique<CudaLane>(resident_[worker % resident_.size()]);
}

}  // namespace igwas::cuda
