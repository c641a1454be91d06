#include "memory_plan.hpp"

#include "igwas/error.hpp"
#include "tile_shape.hpp"

#include <cstdint>

namespace igwas::cuda {

namespace {

/// Left to the driver: what it takes for kernels, and what rounding up to pages loses.
[[nodiscard]] std::size_t usable(std::size_t free_bytes) noexcept {
  return free_bytes - free_bytes / 10;
}

[[nodiscard]] std::size_t total(MemoryNeeds const& needs, std::size_t piece_rows) noexcept {
  return needs.digit_bytes + needs.n_lanes * lane_slots * slot_bytes(needs, piece_rows);
}

[[nodiscard]] std::string mebibytes(std::size_t bytes) {
  return std::to_string((bytes + (std::size_t{1} << 20) - 1) >> 20) + " MiB";
}

}  // namespace

std::size_t slot_bytes(MemoryNeeds const& needs, std::size_t piece_rows) noexcept {
  // Sums of calls and of missing calls.
  std::size_t const n_sums = 2 * piece_rows;
  return piece_rows * (needs.row_bytes + needs.test_bytes) +
         n_sums * (sizeof(SumRow) + needs.n_columns * sizeof(std::uint64_t));
}

std::size_t plan_piece_rows(MemoryNeeds const& needs, std::size_t free_bytes,
                            std::string const& device) {
  std::size_t rows = most_piece_rows;
  while (rows > least_piece_rows &&
         (slot_bytes(needs, rows) > most_piece_bytes || total(needs, rows) > usable(free_bytes))) {
    rows /= 2;
  }
  if (total(needs, rows) > usable(free_bytes)) {
    throw DeviceUnavailable(
        device + " has " + mebibytes(free_bytes) + " of memory free; expected at least " +
        mebibytes(total(needs, rows) / 9 * 10) + " for " + std::to_string(needs.n_columns) +
        " columns of phenotypes and covariates. Scan fewer phenotypes at a "
        "time, use fewer --threads, or use --device cpu.");
  }
  return rows;
}

}  // namespace igwas::cuda
