#include "igwas/crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace igwas {

namespace {

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][v]: what byte v does to the register when k more bytes follow it in the same word.
constexpr Table make_tables() {
  Table tables{};
  for (std::uint32_t value = 0; value < 256; ++value) {
    std::uint32_t crc = value;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    }
    tables[0][value] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t value = 0; value < 256; ++value) {
      std::uint32_t const last = tables[k - 1][value];
      tables[k][value] = (last >> 8) ^ tables[0][last & 0xFFU];
    }
  }
  return tables;
}

constexpr Table TABLES = make_tables();

[[nodiscard]] std::uint32_t next_byte(std::uint32_t crc, std::byte value) noexcept {
  return (crc >> 8) ^ TABLES[0][(crc ^ std::to_integer<std::uint32_t>(value)) & 0xFFU];
}

[[nodiscard]] std::uint64_t load_word(std::byte const* data) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, data, sizeof word);
  return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::span<std::byte const> data,
                                                             std::uint32_t previous) noexcept {
  std::uint64_t crc = ~previous;
  while (data.size() >= sizeof(std::uint64_t)) {
    crc = _mm_crc32_u64(crc, load_word(data.data()));
    data = data.subspan(sizeof(std::uint64_t));
  }
  auto tail = static_cast<std::uint32_t>(crc);
  for (std::byte const value : data) {
    tail = _mm_crc32_u8(tail, std::to_integer<std::uint8_t>(value));
  }
  return ~tail;
}
#endif

using Function = std::uint32_t (*)(std::span<std::byte const>, std::uint32_t) noexcept;

[[nodiscard]] Function fastest() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) {
    return &crc32c_sse42;
  }
#endif
  return &crc32c_portable;
}

}  // namespace

std::uint32_t crc32c_portable(std::span<std::byte const> data, std::uint32_t previous) noexcept {
  std::uint32_t crc = ~previous;
  if constexpr (std::endian::native == std::endian::little) {
    while (data.size() >= sizeof(std::uint64_t)) {
      std::uint64_t const word = load_word(data.data()) ^ crc;
      crc = 0;
      for (unsigned k = 0; k < 8; ++k) {
        crc ^= TABLES[7 - k][(word >> (8 * k)) & 0xFFU];
      }
      data = data.subspan(sizeof(std::uint64_t));
    }
  }
  for (std::byte const value : data) {
    crc = next_byte(crc, value);
  }
  return ~crc;
}

std::uint32_t crc32c(std::span<std::byte const> data, std::uint32_t previous) noexcept {
  static Function const function = fastest();
  return function(data, previous);
}

}  // namespace igwas
