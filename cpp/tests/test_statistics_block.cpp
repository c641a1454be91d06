#include "check.hpp"
#include "igwas/statistics_block.hpp"

#include <algorithm>

using namespace igwas;

int main() {
  StatisticsBlock block;
  block.reset(5, 2, 3);
  block.beta[4] = 1;
  block.n[1] = 9;
  block.reason[0] = 3;
  block.hits.push_back({1, 2, 0, 0.5, 0.1, 6});
  block.reset(4, 2, 3);  // nothing of the block before is left
  CHECK(block.n_variants == 4);
  CHECK(block.beta.size() == 12 && block.se.size() == 12);
  CHECK(block.n.size() == 8 && block.reason.size() == 8 && block.omnibus_f.size() == 8);
  auto const is_nan = [](double x) { return std::isnan(x); };
  CHECK(std::ranges::all_of(block.beta, is_nan) && std::ranges::all_of(block.se, is_nan));
  CHECK(std::ranges::all_of(block.omnibus_log10p, is_nan));
  CHECK(std::ranges::all_of(block.n, [](auto n) { return n == 0; }));
  CHECK(std::ranges::all_of(block.reason, [](auto r) { return r == 0; }));
  CHECK(block.hits.empty());
  static_assert(sizeof(Hit) == 40, "the journal holds records without padding");
  return testing::exit_code();
}
