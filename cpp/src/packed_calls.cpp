#include "igwas/packed_calls.hpp"

#include "kernels/fixed_kernels.hpp"

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
    : row_bytes_((n_file_samples + 3) / 4),
      n_samples_(file_rows.size()),
      is_identity_(file_rows.size() == n_file_samples) {
  if (is_identity_ || file_rows.empty()) {
    return;
  }
  keep_.assign(static_cast<std::size_t>(file_rows.back()) / calls_per_word + 1, 0);
  for (std::int64_t const row : file_rows) {
    auto const at = static_cast<std::size_t>(row);
    keep_[at / calls_per_word] |= std::uint64_t{3} << (2 * (at % calls_per_word));
  }
}

void CallGather::operator()(std::byte const* row, std::span<std::uint64_t> out) const noexcept {
  if (is_identity_) {
    out.back() = 0;
    std::memcpy(out.data(), row, row_bytes_);
  } else {
    kernels::fixed_kernels().pick(reinterpret_cast<unsigned char const*>(row), row_bytes_,
                                  keep_.data(), keep_.size(), out.data());
  }
  std::size_t const used = n_samples_ % calls_per_word;
  if (used != 0) {
    std::uint64_t const past = ~std::uint64_t{0} << (2 * used);
    out.back() = (out.back() & ~past) | (low_bits & past);
  }
}

}  // namespace igwas
