// CRC-32C (Castagnoli): the checksum of every stored chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace igwas {

/// CRC-32C of `data` (RFC 3720: polynomial 0x1EDC6F41 reflected, initial value and final xor all
/// ones). Pass the result as `previous` to continue over the next piece. Uses the processor's own
/// instruction where there is one. Any number of threads may call it.
[[nodiscard]] std::uint32_t crc32c(std::span<std::byte const> data,
                                   std::uint32_t previous = 0) noexcept;

/// The same value from tables alone; public so that tests can hold the two against each other.
[[nodiscard]] std::uint32_t crc32c_portable(std::span<std::byte const> data,
                                            std::uint32_t previous = 0) noexcept;

}  // namespace igwas
