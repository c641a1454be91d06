// Rate of the product of dosages in two bytes on simulated imputation, beside sums in float64, in
// turn: exact integers, by lists or densely, against float64 sums of the same batch; and of
// preparing and counting, beside a plain loop. Checks the answer first.
//
//     bench_code_products [VARIANTS] [LIMBS] [DENSE COST] [CASE]
#include "igwas/code_products.hpp"
#include "product_bench.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace {

constexpr int rounds = 5;

struct Case {
  char const* name;
  double least_frequency;
  double greatest_frequency;
  double fractional;  ///< share of samples off their true call
};

constexpr Case cases[] = {
    {"0.1-1%, 5% fractional", .001, .01, .05}, {"1-5%, 5% fractional", .01, .05, .05},
    {"5-20%, 5% fractional", .05, .2, .05},    {"20-50%, 5% fractional", .2, .5, .05},
    {"1-5%, 25% fractional", .01, .05, .25},   {"1-5%, 50% fractional", .01, .05, .5},
    {"1-50%, all fractional", .01, .5, 1}};

void fill(igwas::GenotypeBatch& batch, Case const& of, igwas::SampleSets const& sets) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform;
  for (std::size_t v = 0; v < batch.size(); ++v) {
    double const frequency =
        of.least_frequency + (of.greatest_frequency - of.least_frequency) * uniform(random);
    for (auto& code : batch.codes(v)) {
      code = bench::draw_code<std::uint16_t>(frequency, of.fractional, random);
    }
    batch.prepare(v, igwas::Haploid::nobody, sets);
  }
}

/// Sums of a row, a sample at a time in float64: what preparing and counting each did.
double plain_count(std::span<std::uint16_t const> row, std::vector<std::uint64_t> const& set) {
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (((set[i / 32] >> (2 * (i % 32))) & 1U) != 0 && row[i] != 65535) {
      auto const code = static_cast<double>(row[i]);
      sum += code;
      squares += code * code;
    }
  }
  return sum + squares;
}

struct Way {
  char const* name;
  std::vector<double> seconds;
};

template <typename Action>
void time(Way& way, Action const& action) {
  double const begin = bench::thread_seconds();
  action();
  way.seconds.push_back(bench::thread_seconds() - begin);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Of each round, how many times slower the first way was: median, least and greatest.
void print_ratio(char const* what, Way const& slow, Way const& fast) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < slow.seconds.size(); ++i) {
    ratios.push_back(slow.seconds[i] / fast.seconds[i]);
  }
  std::ranges::sort(ratios);
  std::printf("  %s %.2f (%.2f-%.2f)", what, median(ratios), ratios.front(), ratios.back());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t const n_variants = bench::number_at(argc, argv, 1, 96);
  bench::Model const model(bench::number_at(argc, argv, 2, 1));
  igwas::SampleSets const& sets = model.sets;
  igwas::CodeCrossover crossover = igwas::usual_crossover();
  if (argc > 3) {
    crossover.dense = std::atof(argv[3]);
  }
  std::size_t const only = bench::number_at(argc, argv, 4, std::size(cases));
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    if (only != std::size(cases) && only != i) {
      continue;
    }
    igwas::GenotypeBatch batch;
    batch.reset(igwas::GenotypeBatch::Kind::codes, n_variants, bench::n_samples,
                {2.0 / 65534, 65534});
    fill(batch, cases[i], sets);
    igwas::BatchProducts out;
    igwas::BatchProducts plain;
    igwas::CodeScratch scratch;
    Way float64{"float64", {}};
    Way exact{"exact", {}};
    Way loop{"loop", {}};
    Way kernel{"kernel", {}};
    double sum = 0;
    for (int round = 0; round < rounds; ++round) {
      time(float64, [&] { igwas::multiply(batch, model.view(), plain); });
      time(exact,
           [&] { igwas::multiply_codes(batch, model.fixed, out, scratch, true, crossover); });
      time(loop, [&] {
        for (std::size_t v = 0; v < n_variants; ++v) {
          sum += plain_count(batch.codes(v), sets.everybody) +
                 plain_count(batch.codes(v), sets.mask[0]);
        }
      });
      time(kernel, [&] {
        for (std::size_t v = 0; v < n_variants; ++v) {
          batch.prepare(v, igwas::Haploid::nobody, sets);
          sum += batch.sums(v, 0, igwas::Haploid::nobody, sets).sum;
        }
      });
    }
    double const us = 1e6 / static_cast<double>(n_variants);
    std::printf("%-22s error %.1e  product %.1f us, float64 %.1f us, counts %.1f us, loop %.1f us",
                cases[i].name, bench::largest_error(plain, out), us * median(exact.seconds),
                us * median(float64.seconds), us * median(kernel.seconds),
                us * median(loop.seconds));
    print_ratio("float64 / exact", float64, exact);
    print_ratio("loop / counts", loop, kernel);
    std::printf("%s\n", sum < 0 ? "!" : "");
    std::fflush(stdout);
  }
}
