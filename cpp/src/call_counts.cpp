#include "call_counts.hpp"

#include "igwas/multiversion.hpp"

#include <algorithm>
#include <bit>

namespace igwas {

namespace {

/// Words whose one-bit counts are added in two-bit fields before those would overflow.
constexpr std::size_t field_words = 3;
/// Words until sixteen-bit fields might overflow: each adds at most 8 to a field.
constexpr std::size_t count_block = 2'700 * field_words;

/// Sums of two-bit fields as sums of sixteen-bit fields.
[[nodiscard]] constexpr std::uint64_t widen(std::uint64_t fields) noexcept {
  constexpr std::uint64_t twos = 0x3333333333333333U;
  constexpr std::uint64_t fours = 0x0F0F0F0F0F0F0F0FU;
  constexpr std::uint64_t eights = 0x00FF00FF00FF00FFU;
  fields = (fields & twos) + ((fields >> 2) & twos);
  fields = (fields & fours) + ((fields >> 4) & fours);
  return (fields & eights) + ((fields >> 8) & eights);
}

[[nodiscard]] constexpr std::size_t sum_fields(std::uint64_t sixteens) noexcept {
  constexpr std::uint64_t eights = 0xFFFF;
  return (sixteens & eights) + ((sixteens >> 16) & eights) + ((sixteens >> 32) & eights) +
         (sixteens >> 48);
}

/// Samples of a set by the bits of their calls.
struct BitCounts {
  std::size_t low = 0;
  std::size_t high = 0;
  std::size_t both = 0;
};

/// One stretch; written so that the compiler handles several words at a time: a population count
/// of each word would be several times slower.
IGWAS_MULTIVERSION
BitCounts count_bits(std::uint64_t const* calls, std::uint64_t const* set, std::size_t n) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::uint64_t both = 0;
  std::size_t const n_threes = n / field_words;
  for (std::size_t three = 0; three < n_threes; ++three) {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    for (std::size_t i = 0; i < field_words; ++i) {
      // Any three words will do: those a third apart let neighbours be loaded together.
      std::size_t const at = i * n_threes + three;
      std::uint64_t const first = calls[at] & set[at];
      std::uint64_t const second = (calls[at] >> 1) & set[at];
      a += first;
      b += second;
      c += first & second;
    }
    low += widen(a);
    high += widen(b);
    both += widen(c);
  }
  BitCounts counts{sum_fields(low), sum_fields(high), sum_fields(both)};
  for (std::size_t at = n_threes * field_words; at < n; ++at) {
    counts.low += static_cast<std::size_t>(std::popcount(calls[at] & set[at]));
    counts.high += static_cast<std::size_t>(std::popcount((calls[at] >> 1) & set[at]));
    counts.both += static_cast<std::size_t>(std::popcount(calls[at] & (calls[at] >> 1) & set[at]));
  }
  return counts;
}

}  // namespace

GenotypeBatch::CallCounts count_calls(std::uint64_t const* calls, std::uint64_t const* set,
                                      std::size_t n, std::size_t n_samples) {
  BitCounts all;
  for (std::size_t first = 0; first < n; first += count_block) {
    BitCounts const part = count_bits(calls + first, set + first, std::min(count_block, n - first));
    all.low += part.low;
    all.high += part.high;
    all.both += part.both;
  }
  return {n_samples + all.both - all.low - all.high, all.low - all.both, all.high - all.both,
          all.both};
}

}  // namespace igwas
