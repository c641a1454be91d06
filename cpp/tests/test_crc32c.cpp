#include "check.hpp"
#include "igwas/crc32c.hpp"

#include <random>
#include <string_view>
#include <vector>

using namespace igwas;

namespace {

[[nodiscard]] std::span<std::byte const> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// RFC 3720, section B.4, and the check value of the catalogue of CRC algorithms.
void known_vectors() {
  std::vector<std::byte> data(32, std::byte{0});
  CHECK(crc32c(data) == 0x8A9136AAU);
  data.assign(32, std::byte{0xFF});
  CHECK(crc32c(data) == 0x62A8AB43U);
  for (std::size_t i = 0; i < 32; ++i) {
    data[i] = static_cast<std::byte>(i);
  }
  CHECK(crc32c(data) == 0x46DD794EU);
  CHECK(crc32c(bytes_of("123456789")) == 0xE3069283U);
  CHECK(crc32c({}) == 0);
}

void both_paths_agree_at_every_length_and_alignment() {
  std::mt19937 random(20240601);
  std::vector<std::byte> data(300);
  for (std::byte& value : data) {
    value = static_cast<std::byte>(random());
  }
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; size + begin <= data.size(); ++size) {
      auto const piece = std::span<std::byte const>(data).subspan(begin, size);
      CHECK(crc32c(piece) == crc32c_portable(piece));
    }
  }
}

void pieces_continue() {
  auto const whole = bytes_of("one pass over the bytes, or two");
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    CHECK(crc32c(whole.subspan(cut), crc32c(whole.first(cut))) == crc32c(whole));
    CHECK(crc32c_portable(whole.subspan(cut), crc32c_portable(whole.first(cut))) == crc32c(whole));
  }
}

}  // namespace

int main() {
  known_vectors();
  both_paths_agree_at_every_length_and_alignment();
  pieces_continue();
  return testing::exit_code();
}
