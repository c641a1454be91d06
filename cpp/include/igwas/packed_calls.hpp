// Hard calls, 2 bits each, 32 to a 64-bit word, lowest bits first, in PLINK 1 coding:
// 0 two effect alleles, 1 missing, 2 one of each, 3 two other alleles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace igwas {

inline constexpr std::size_t calls_per_word = 32;
inline constexpr std::uint64_t low_bits = 0x5555555555555555ULL;

/// Words that hold `n_samples` calls.
[[nodiscard]] constexpr std::size_t words_for(std::size_t n_samples) noexcept {
  return (n_samples + calls_per_word - 1) / calls_per_word;
}

/// A set of samples as one bit at each call's low position, so that it can be ANDed with calls.
[[nodiscard]] std::vector<std::uint64_t> sample_bits(std::span<std::uint8_t const> is_member);

/// One bit at the low position of every call of that kind.
struct CallPlanes {
  std::uint64_t two_effect;
  std::uint64_t missing;
  std::uint64_t one_of_each;
  std::uint64_t two_other;
};

[[nodiscard]] constexpr CallPlanes planes_of(std::uint64_t word) noexcept {
  std::uint64_t const low = word & low_bits;
  std::uint64_t const high = (word >> 1) & low_bits;
  return {~(low | high) & low_bits, low & ~high, high & ~low, low & high};
}

/// Picks the analysed samples of a row, in ascending order of their place in the file.
class CallGather {
 public:
  /// `file_rows` : ascending positions of the analysed samples among the file's `n_file_samples`.
  CallGather(std::span<std::int64_t const> file_rows, std::size_t n_file_samples);

  /// `row` : packed calls of every sample of the file. `out` : words_for(n analysed) words; calls
  /// past the last sample are set to missing.
  void operator()(std::byte const* row, std::span<std::uint64_t> out) const noexcept;

 private:
  std::vector<std::uint64_t> keep_;  ///< both bits of each analysed sample, up to the last of them
  std::size_t row_bytes_;
  std::size_t n_samples_;
  bool is_identity_;
};

}  // namespace igwas
