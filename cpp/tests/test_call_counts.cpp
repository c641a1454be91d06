#include "call_counts.hpp"
#include "check.hpp"
#include "igwas/packed_calls.hpp"
#include "scan_cases.hpp"

#include <vector>

using namespace igwas;

namespace {

/// Call by call, over the members of a set.
[[nodiscard]] GenotypeBatch::CallCounts plain_counts(std::vector<std::uint64_t> const& calls,
                                                     std::vector<std::uint64_t> const& set,
                                                     std::size_t n_samples) {
  std::size_t of_code[4] = {};
  for (std::size_t i = 0; i < n_samples; ++i) {
    std::size_t const shift = 2 * (i % calls_per_word);
    if (((set[i / calls_per_word] >> shift) & 1U) != 0) {
      ++of_code[(calls[i / calls_per_word] >> shift) & 3U];
    }
  }
  return {of_code[0], of_code[1], of_code[2], of_code[3]};
}

/// Every call at random, or the same one everywhere, among some samples and among all.
void counts_are_those_of_every_call(std::size_t n_samples) {
  testing::Random random(n_samples);
  for (std::uint64_t const same :
       {0ULL, 0x5555555555555555ULL, 0xAAAAAAAAAAAAAAAAULL, ~0ULL, 1ULL}) {
    for (double const share : {0.3, 1.1}) {
      std::vector<std::uint64_t> calls(words_for(n_samples));
      std::vector<std::uint64_t> set(words_for(n_samples), 0);
      std::size_t n_members = 0;
      for (std::size_t i = 0; i < n_samples; ++i) {
        std::size_t const shift = 2 * (i % calls_per_word);
        bool const is_member = random.uniform() < share;
        set[i / calls_per_word] |= (is_member ? std::uint64_t{1} : 0) << shift;
        n_members += is_member ? 1 : 0;
        std::uint64_t const call = same == 1 ? random.below(4) : (same >> shift) & 3U;
        calls[i / calls_per_word] |= call << shift;
      }
      auto const found = count_calls(calls.data(), set.data(), calls.size(), n_members);
      auto const expected = plain_counts(calls, set, n_samples);
      CHECK(found.two_effect == expected.two_effect && found.missing == expected.missing);
      CHECK(found.one_of_each == expected.one_of_each && found.two_other == expected.two_other);
    }
  }
}

}  // namespace

int main() {
  // Around the edges of words, and of the blocks whose fields would overflow.
  for (std::size_t const n :
       {1U, 31U, 32U, 33U, 95U, 96U, 97U, 600U, 259'199U, 259'201U, 300'000U}) {
    counts_are_those_of_every_call(n);
  }
  return testing::exit_code();
}
