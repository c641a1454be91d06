// How much of a device's memory a scan takes, and how many variants go there at once.
#pragma once

#include <cstddef>
#include <string>

namespace igwas::cuda {

/// Pieces of a batch that a lane has under way: one is copied while the other is summed.
inline constexpr std::size_t lane_slots = 2;
inline constexpr std::size_t most_piece_rows = 2048;
/// Below it the tensor cores work for nothing.
inline constexpr std::size_t least_piece_rows = 32;
/// A piece is no larger: copies are at full speed long before.
inline constexpr std::size_t most_piece_bytes = std::size_t{64} << 20;

struct MemoryNeeds {
  std::size_t digit_bytes;     ///< of the columns, and of the tables of tests
  std::size_t row_bytes;       ///< of the genotypes of a variant
  std::size_t n_columns;       ///< of the sums
  std::size_t n_lanes;         ///< on this device
  std::size_t test_bytes = 0;  ///< of a variant's counts, products and coefficients; 0: no tests
};

/// Bytes of one slot for `piece_rows` variants, on the device as in the host's pinned memory.
[[nodiscard]] std::size_t slot_bytes(MemoryNeeds const& needs, std::size_t piece_rows) noexcept;

/// The variants of a piece that fit.
///
/// \param device how the device is called in the error.
/// \throws DeviceUnavailable if not even the fewest do.
[[nodiscard]] std::size_t plan_piece_rows(MemoryNeeds const& needs, std::size_t free_bytes,
                                          std::string const& device);

}  // namespace igwas::cuda
