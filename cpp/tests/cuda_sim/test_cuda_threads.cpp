// The simulation's own threads: what waits for what, and both sizes of the tensor cores'
// multiplication.
#include "../check.hpp"
#include "tensor_core.cuh"

#include <cuda_runtime.h>

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <vector>

using cuda_sim::run_grid;
using cuda_sim::ThreadOrder;

namespace {

constexpr ThreadOrder orders[] = {{ThreadOrder::Kind::ascending, 0},
                                  {ThreadOrder::Kind::descending, 0},
                                  {ThreadOrder::Kind::shuffled, 3}};

/// A warp's operands, and what each thread holds of the result.
struct Warp {
  std::array<std::array<unsigned, 4>, 32> codes;
  std::array<uint2, 32> digits;
  std::array<std::array<int, 4>, 32> sums;
};

[[nodiscard]] Warp random_warp() {
  std::mt19937 random(5);
  Warp warp;
  for (unsigned lane = 0; lane < 32; ++lane) {
    for (unsigned i = 0; i < 4; ++i) {
      warp.codes[lane][i] = static_cast<unsigned>(random());
      warp.sums[lane][i] = static_cast<int>(random() % 1000);
    }
    warp.digits[lane] = {static_cast<unsigned>(random()), static_cast<unsigned>(random())};
  }
  return warp;
}

template <typename Multiply>
[[nodiscard]] Warp multiplied(ThreadOrder order, Multiply const& multiply) {
  Warp warp = random_warp();
  auto const error = run_grid({1}, {32}, order, [&] {
    unsigned const lane = threadIdx.x;
    int sums[4];
    unsigned codes[4];
    std::copy_n(warp.sums[lane].begin(), 4, sums);
    std::copy_n(warp.codes[lane].begin(), 4, codes);
    multiply(sums, codes, warp.digits[lane]);
    std::copy_n(sums, 4, warp.sums[lane].begin());
  });
  CHECK(error.empty());
  return warp;
}

void quarters_make_the_whole_multiplication() {
  for (ThreadOrder const order : orders) {
    Warp const whole = multiplied(order, [](auto& sums, auto& codes, uint2 digits) {
      igwas::cuda::multiply_add(sums, codes, digits);
    });
    Warp const quarters = multiplied(order, [](auto& sums, auto& codes, uint2 digits) {
      igwas::cuda::multiply_add_by_quarters(sums, codes, digits);
    });
    CHECK(whole.sums == quarters.sums);
    CHECK(whole.sums != random_warp().sums);
  }
}

void a_barrier_parts_what_is_before_from_what_is_after() {
  for (ThreadOrder const order : orders) {
    std::vector<int> written(96, 0);
    std::vector<int> seen(192, 0);
    auto const error = run_grid({2}, {96}, order, [&] {
      unsigned const thread = threadIdx.x;
      written[thread] = static_cast<int>(thread + 100 * blockIdx.x);
      __syncthreads();
      seen[96 * blockIdx.x + thread] = written[95 - thread];
    });
    CHECK(error.empty());
    for (unsigned i = 0; i < 192; ++i) {
      CHECK(seen[i] == static_cast<int>(100 * (i / 96) + 95 - i % 96));
    }
  }
}

void blocks_run_once_each_in_the_chosen_order() {
  std::vector<std::vector<unsigned>> found;
  for (ThreadOrder const order : orders) {
    std::vector<unsigned> blocks;
    CHECK(run_grid({3, 2, 2}, {1}, order, [&] {
            blocks.push_back(blockIdx.x + 3 * (blockIdx.y + 2 * blockIdx.z));
          }).empty());
    found.push_back(blocks);
  }
  CHECK(std::ranges::is_sorted(found[0]) && found[0].size() == 12);
  CHECK(std::ranges::is_sorted(found[1], std::ranges::greater{}) && found[1].size() == 12);
  CHECK(!std::ranges::is_sorted(found[2]) && std::ranges::is_permutation(found[0], found[2]));
}

void additions_of_all_threads_add_up() {
  for (ThreadOrder const order : orders) {
    unsigned long long total = 0;
    auto const error = run_grid({3, 2}, {64}, order, [&] { atomicAdd(&total, threadIdx.x); });
    CHECK(error.empty());
    CHECK(total == 6ULL * 64 * 63 / 2);
  }
}

void threads_that_wait_in_vain_are_an_error() {
  CHECK(!run_grid({1}, {64}, {}, [] {
           if (threadIdx.x != 5) {
             __syncthreads();
           }
         }).empty());
  CHECK(!run_grid({1}, {32}, {}, [] {
           int sums[4] = {};
           unsigned const codes[4] = {};
           if (threadIdx.x != 31) {
             igwas::cuda::multiply_add(sums, codes, {0, 0});
           }
         }).empty());
}

}  // namespace

int main() {
  quarters_make_the_whole_multiplication();
  a_barrier_parts_what_is_before_from_what_is_after();
  blocks_run_once_each_in_the_chosen_order();
  additions_of_all_threads_add_up();
  threads_that_wait_in_vain_are_an_error();
  return igwas::testing::exit_code();
}
