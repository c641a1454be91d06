#include "check.hpp"
#include "igwas/packed_calls.hpp"
#include "scan_cases.hpp"

#include <bit>
#include <numeric>

using namespace igwas;

namespace {

[[nodiscard]] unsigned call_at(std::vector<std::uint64_t> const& words, std::size_t i) {
  return static_cast<unsigned>((words[i / calls_per_word] >> (2 * (i % calls_per_word))) & 3U);
}

[[nodiscard]] std::vector<unsigned> random_codes(std::size_t n) {
  testing::Random random(n);
  std::vector<unsigned> codes(n);
  for (unsigned& code : codes) {
    code = static_cast<unsigned>(random.below(4));
  }
  return codes;
}

/// Unused high bits are ones, as a careless writer may leave them.
[[nodiscard]] std::vector<std::byte> pack(std::vector<unsigned> const& codes) {
  std::vector<std::byte> bytes((codes.size() + 3) / 4, std::byte{0xFF});
  for (std::size_t i = 0; i < codes.size(); ++i) {
    unsigned const keep = 0xFFU ^ (3U << (2 * (i % 4)));
    bytes[i / 4] = (bytes[i / 4] & static_cast<std::byte>(keep)) |
                   static_cast<std::byte>(codes[i] << (2 * (i % 4)));
  }
  return bytes;
}

void check_gather(std::vector<std::int64_t> const& rows, std::size_t n_file) {
  auto const codes = random_codes(n_file);
  auto const bytes = pack(codes);
  std::vector<std::uint64_t> out(words_for(rows.size()), 0x1234);
  CallGather const gather(rows, n_file);
  gather(bytes.data(), out);
  bool same = true;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    same = same && call_at(out, i) == codes[static_cast<std::size_t>(rows[i])];
  }
  CHECK(same);
  bool rest_is_missing = true;
  for (std::size_t i = rows.size(); i < out.size() * calls_per_word; ++i) {
    rest_is_missing = rest_is_missing && call_at(out, i) == 1;
  }
  CHECK(rest_is_missing);
}

void all_or_some_samples_are_picked_in_order() {
  for (std::size_t const n : {1U, 2U, 3U, 4U, 5U, 31U, 32U, 33U, 63U, 64U, 255U, 256U, 257U}) {
    std::vector<std::int64_t> everybody(n);
    std::iota(everybody.begin(), everybody.end(), 0);
    check_gather(everybody, n);
    std::vector<std::int64_t> some;
    for (std::size_t i = 0; i < n; ++i) {
      if (i % 3 != 1) {
        some.push_back(static_cast<std::int64_t>(i));
      }
    }
    check_gather(some, n);
    check_gather({static_cast<std::int64_t>(n - 1)}, n);
  }
}

void planes_split_every_word_into_four_kinds() {
  testing::Random random(3);
  for (int trial = 0; trial < 100; ++trial) {
    auto const word = static_cast<std::uint64_t>(random.uniform() * 0x1p53) * 0x9E3779B97F4A7C15U;
    CallPlanes const planes = planes_of(word);
    CHECK((planes.two_effect | planes.missing | planes.one_of_each | planes.two_other) == low_bits);
    CHECK(std::popcount(planes.two_effect) + std::popcount(planes.missing) +
              std::popcount(planes.one_of_each) + std::popcount(planes.two_other) ==
          32);
    CHECK((planes.missing | planes.two_other) == (word & low_bits));
    CHECK((planes.one_of_each | planes.two_other) == ((word >> 1) & low_bits));
  }
}

void sets_have_one_bit_a_member() {
  for (std::size_t const n : {0U, 1U, 32U, 33U, 257U}) {
    std::vector<std::uint8_t> is_member(n);
    for (std::size_t i = 0; i < n; ++i) {
      is_member[i] = i % 5 == 0 ? 7 : 0;
    }
    auto const bits = sample_bits(is_member);
    CHECK(bits.size() == words_for(n));
    bool same = true;
    for (std::size_t i = 0; i < bits.size() * calls_per_word; ++i) {
      same = same && call_at(bits, i) == (i < n && i % 5 == 0 ? 1U : 0U);
    }
    CHECK(same);
  }
}

}  // namespace

int main() {
  all_or_some_samples_are_picked_in_order();
  planes_split_every_word_into_four_kinds();
  sets_have_one_bit_a_member();
  return testing::exit_code();
}
