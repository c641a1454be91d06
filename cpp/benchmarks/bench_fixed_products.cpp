// Rate of the fixed-point product on simulated hard calls, by frequency; checks the answer first.
#include "igwas/fixed_products.hpp"
#include "product_bench.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

namespace {

using bench::n_samples;

struct Spectrum {
  char const* name;
  double low;
  double high;
};

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
  std::size_t const n_variants = bench::number_at(argc, argv, 1, 2048);
  std::size_t const n_threads = bench::number_at(argc, argv, 2, 1);
  igwas::FixedCrossover crossover;
  if (argc > 3) {
    crossover.list_share = std::atof(argv[3]);
  }
  std::mt19937_64 random(2);
  bench::Model const model(bench::number_at(argc, argv, 4, 1));
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
        maf = bench::imputed_frequency(u, x);
      }
      fill(batch, v, maf, .001 + .009 * uniform(random), random);
      batch.prepare(v, igwas::Haploid::nobody, model.sets);
    }
    // The answer, before the clock: every sum against one in float64.
    igwas::BatchProducts out;
    igwas::FixedScratch scratch;
    igwas::multiply_fixed(batch, model.fixed, out, scratch, true, crossover);
    igwas::BatchProducts plain;
    igwas::multiply(batch, model.view(), plain);
    std::vector<double> seconds;
    for (int repeat = 0; repeat < 3; ++repeat) {
      std::vector<double> used(n_threads);
      std::vector<std::jthread> threads;
      for (std::size_t t = 0; t < n_threads; ++t) {
        threads.emplace_back([&, t] {
          igwas::BatchProducts mine;
          igwas::FixedScratch own;
          igwas::multiply_fixed(batch, model.fixed, mine, own, true, crossover);
          double const begin = bench::thread_seconds();
          igwas::multiply_fixed(batch, model.fixed, mine, own, true, crossover);
          used[t] = bench::thread_seconds() - begin;
        });
      }
      threads.clear();
      seconds.push_back(*std::max_element(used.begin(), used.end()));
    }
    std::printf(
        "%-8s error %.1e  %7.0f variants/s of CPU a core (best of 3)\n", bin.name,
        bench::largest_error(plain, out),
        static_cast<double>(n_variants) / *std::min_element(seconds.begin(), seconds.end()));
    std::fflush(stdout);
  }
}
