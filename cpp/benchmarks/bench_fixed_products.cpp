// Rate of the fixed-point product on simulated hard calls, by frequency; checks the answer first.
#include "igwas/dot_products.hpp"
#include "igwas/fixed_products.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t n_samples = 65629;

struct Spectrum {
  char const* name;
  double low;
  double high;
};

double thread_seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void fill(igwas::GenotypeBatch& batch, std::size_t v, double maf, double missing,
          std::mt19937_64& random) {
  auto const row = batch.calls(v);
  std::fill(row.begin(), row.end(), ~std::uint64_t{0});
  auto const two = static_cast<std::uint32_t>(maf * maf * 4294967295.0);
  auto const one = static_cast<std::uint32_t>((maf * maf + 2 * maf * (1 - maf)) * 4294967295.0);
  auto const lost = static_cast<std::uint32_t>(missing * 4294967295.0);
  for (std::size_t i = 0; i < n_samples; ++i) {
    std::uint64_t const bits = random();
    auto const a = static_cast<std::uint32_t>(bits);
    std::uint64_t call = a < two ? 0 : a < one ? 2 : 3;
    if (static_cast<std::uint32_t>(bits >> 32) < lost) {
      call = 1;
    }
    std::uint64_t const at = 2 * (i % 32);
    row[i / 32] = (row[i / 32] & ~(std::uint64_t{3} << at)) | (call << at);
  }
  std::size_t const used = n_samples % 32;
  std::uint64_t const past = ~std::uint64_t{0} << (2 * used);
  row.back() = (row.back() & ~past) | (igwas::low_bits & past);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t const n_columns = 144;
  std::size_t const n_variants = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2048;
  std::size_t const n_threads = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1;
  igwas::FixedCrossover crossover;
  if (argc > 3) {
    crossover.list_share = std::atof(argv[3]);
  }
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> columns(n_samples * n_columns);
  for (double& value : columns) {
    value = normal(random);
  }
  igwas::MatrixView<double const> const view{columns.data(), n_samples, n_columns, n_columns};
  std::size_t const limbs = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 1;
  std::vector<std::uint8_t> const all_limbs(n_columns, static_cast<std::uint8_t>(limbs));
  igwas::FixedColumns const fixed(igwas::Context{2}, view, all_limbs);
  igwas::ScanModel model;
  model.columns = view;
  model.is_male.assign(n_samples, 0);
  igwas::SampleSets const sets(model);
  for (Spectrum const& bin : {Spectrum{"0.1-1%", .001, .01},
                              {"1-5%", .01, .05},
                              {"5-20%", .05, .2},
                              {"20-50%", .2, .5},
                              {"imputed", 0, 0}}) {
    igwas::GenotypeBatch batch;
    batch.reset(igwas::GenotypeBatch::Kind::calls, n_variants, n_samples, {});
    std::uniform_real_distribution<double> uniform;
    for (std::size_t v = 0; v < n_variants; ++v) {
      double const u = uniform(random);
      double const x = uniform(random);
      double maf = bin.low + (bin.high - bin.low) * x;
      if (bin.high == 0) {
        maf = u < .55   ? .001 + .009 * x
              : u < .75 ? .01 + .04 * x
              : u < .88 ? .05 + .15 * x
                        : .2 + .3 * x;
      }
      fill(batch, v, maf, .001 + .009 * uniform(random), random);
      batch.prepare(v, igwas::Haploid::nobody, sets);
    }
    // The answer, before the clock: every sum against a loop over samples, in integers.
    igwas::BatchProducts out;
    igwas::FixedScratch scratch;
    igwas::multiply_fixed(batch, fixed, out, scratch, true, crossover);
    double worst = 0;
    igwas::BatchProducts plain;
    igwas::multiply(batch, view, plain);
    for (std::size_t i = 0; i < plain.called.size(); ++i) {
      worst = std::max(worst, std::abs(plain.called[i] - out.called[i]));
      worst = std::max(worst, std::abs(plain.missing[i] - out.missing[i]));
    }
    std::vector<double> seconds;
    std::vector<double> wall;
    for (int repeat = 0; repeat < 3; ++repeat) {
      std::vector<double> used(n_threads);
      auto const start = std::chrono::steady_clock::now();
      std::vector<std::jthread> threads;
      for (std::size_t t = 0; t < n_threads; ++t) {
        threads.emplace_back([&, t] {
          igwas::BatchProducts mine;
          igwas::FixedScratch own;
          igwas::multiply_fixed(batch, fixed, mine, own, true, crossover);
          double const begin = thread_seconds();
          igwas::multiply_fixed(batch, fixed, mine, own, true, crossover);
          used[t] = thread_seconds() - begin;
        });
      }
      threads.clear();
      wall.push_back(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 2);
      seconds.push_back(*std::max_element(used.begin(), used.end()));
    }
    std::printf(
        "%-8s error %.1e  %7.0f variants/s of CPU a core (best of 3)\n", bin.name, worst,
        static_cast<double>(n_variants) / *std::min_element(seconds.begin(), seconds.end()));
    std::fflush(stdout);
  }
}
