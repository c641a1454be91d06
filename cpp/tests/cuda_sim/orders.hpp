// The orders in which threads and streams may run, and what must hold after any of them.
#pragma once

#include "../check.hpp"
#include "simulation.hpp"

#include <vector>

namespace cuda_sim {

inline constexpr ThreadOrder ascending{ThreadOrder::Kind::ascending, 0};
inline constexpr ThreadOrder descending{ThreadOrder::Kind::descending, 0};

/// At once, as late as can be, and `n_random` times in between.
[[nodiscard]] inline std::vector<Settings> orders(unsigned n_random) {
  std::vector<Settings> all;
  auto const add = [&](StreamOrder streams, ThreadOrder threads, unsigned seed) {
    Settings settings;
    settings.streams = streams;
    settings.threads = threads;
    settings.seed = seed;
    all.push_back(settings);
  };
  add(StreamOrder::eager, ascending, 1);
  add(StreamOrder::lazy, descending, 1);
  for (unsigned seed = 1; seed <= n_random; ++seed) {
    add(StreamOrder::random, {ThreadOrder::Kind::shuffled, seed}, seed);
  }
  return all;
}

inline void nothing_is_left_and_no_rule_is_broken() {
  CHECK(counts().live_buffers == 0);
  CHECK(counts().live_handles == 0);
  CHECK(violations().empty());
}

}  // namespace cuda_sim
