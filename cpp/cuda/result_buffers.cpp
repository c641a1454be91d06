#include "result_buffers.hpp"

#include <algorithm>

namespace igwas::cuda {

namespace {

/// No allocation may be empty.
[[nodiscard]] std::size_t some(std::size_t n) noexcept { return std::max<std::size_t>(1, n); }

}  // namespace

ResultBuffers::ResultBuffers(ResultShape const& shape, std::size_t n_columns,
                             std::size_t piece_rows)
    : products(device_buffer<double>(piece_rows * n_columns)),
      word_sums(device_buffer<unsigned>(piece_rows)),
      missing_row(device_buffer<unsigned>(piece_rows)),
      n_missing(device_buffer<unsigned>(1)),
      device_counts(device_buffer<SetSums>(piece_rows * shape.n_sets)),
      device_fits(device_buffer<FitSums>(some(piece_rows * shape.n_masks))),
      device_checks(device_buffer<RowCheck>(piece_rows)),
      device_beta(device_buffer<double>(some(piece_rows * shape.n_phenotypes))),
      device_se(device_buffer<double>(some(piece_rows * shape.n_phenotypes))),
      counts(pinned_buffer<SetSums>(piece_rows * shape.n_sets)),
      fits(pinned_buffer<FitSums>(some(piece_rows * shape.n_masks))),
      checks(pinned_buffer<RowCheck>(piece_rows)),
      beta(pinned_buffer<double>(some(piece_rows * shape.n_phenotypes))),
      se(pinned_buffer<double>(some(piece_rows * shape.n_phenotypes))) {}

std::size_t test_bytes(ResultShape const& shape, std::size_t n_columns) noexcept {
  return n_columns * sizeof(double) + 2 * sizeof(unsigned) + shape.n_sets * sizeof(SetSums) +
         shape.n_masks * sizeof(FitSums) + sizeof(RowCheck) +
         2 * shape.n_phenotypes * sizeof(double);
}

}  // namespace igwas::cuda
