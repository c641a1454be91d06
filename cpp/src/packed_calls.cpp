#include "igwas/packed_calls.hpp"

#include <algorithm>
#include <cstring>

namespace igwas {

std::vector<std::uint64_t> sample_bits(std::span<std::uint8_t const> is_member) {
  std::vector<std::uint64_t> bits(words_for(is_member.size()), 0);
  for (std::size_t i = 0; i < is_member.size(); ++i) {
    if (is_member[i] != 0) {
      bits[i / calls_per_word] |= std::uint64_t{1} << (2 * (i % calls_per_word));
    }
  }
  return bits;
}

CallGather::CallGather(std::span<std::int64_t const> file_rows, std::size_t n_file_samples)
    : file_row_(file_rows.begin(), file_rows.end()),
      n_samples_(file_rows.size()),
      is_identity_(file_rows.size() == n_file_samples) {}

void CallGather::operator()(std::byte const* row, std::span<std::uint64_t> out) const noexcept {
  if (is_identity_) {
    out.back() = 0;
    std::memcpy(out.data(), row, (n_samples_ + 3) / 4);
  } else {
    for (std::size_t word = 0; word < out.size(); ++word) {
      std::size_t const first = word * calls_per_word;
      std::size_t const last = std::min(first + calls_per_word, n_samples_);
      std::uint64_t packed = 0;
      for (std::size_t i = first; i < last; ++i) {
        std::uint32_t const from = file_row_[i];
        auto const call = (std::to_integer<std::uint64_t>(row[from / 4]) >> (2 * (from % 4))) & 3U;
        packed |= call << (2 * (i - first));
      }
      out[word] = packed;
    }
  }
  std::size_t const used = n_samples_ % calls_per_word;
  if (used != 0) {
    std::uint64_t const past = ~std::uint64_t{0} << (2 * used);
    out.back() = (out.back() & ~past) | (low_bits & past);
  }
}

}  // namespace igwas
