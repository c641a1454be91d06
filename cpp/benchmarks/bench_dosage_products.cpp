// Rate of the product of dosages on simulated imputation, by frequency and by how many dosages are
// no whole number of copies; checks the answer first.
//
// A sample is fractional with a chance that is drawn for each variant from the range of its case.
#include "igwas/dosage_products.hpp"
#include "product_bench.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace {

struct Case {
  char const* name;
  double least_frequency;
  double greatest_frequency;  ///< 0: the spectrum of imputed variants
  double least_fractional;
  double greatest_fractional;
};

constexpr Case cases[] = {
    {"0.1-1%, 2-10% fractional", .001, .01, .02, .1}, {"1-5%, 2-10% fractional", .01, .05, .02, .1},
    {"5-20%, 2-10% fractional", .05, .2, .02, .1},    {"20-50%, 2-10% fractional", .2, .5, .02, .1},
    {"imputed, 1% fractional", 0, 0, .01, .01},       {"imputed, 2-10% fractional", 0, 0, .02, .1},
    {"imputed, 15% fractional", 0, 0, .15, .15},      {"imputed, 25% fractional", 0, 0, .25, .25},
    {"imputed, 50% fractional", 0, 0, .5, .5},        {"imputed, all fractional", 0, 0, 1, 1}};

double draw_frequency(Case const& of, double u, double x) {
  if (of.greatest_frequency > 0) {
    return of.least_frequency + (of.greatest_frequency - of.least_frequency) * x;
  }
  return bench::imputed_frequency(u, x);
}

void fill(igwas::GenotypeBatch& batch, Case const& of, igwas::SampleSets const& sets) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform;
  for (std::size_t v = 0; v < batch.size(); ++v) {
    double const u = uniform(random);
    double const frequency = draw_frequency(of, u, uniform(random));
    double const share =
        of.least_fractional + (of.greatest_fractional - of.least_fractional) * uniform(random);
    for (auto& code : batch.bytes(v)) {
      code = bench::draw_code<std::uint8_t>(frequency, share, random);
    }
    batch.prepare(v, igwas::Haploid::nobody, sets);
  }
}

template <typename Action>
double best_seconds(Action const& action) {
  double best = 1e30;
  for (int repeat = 0; repeat < 3; ++repeat) {
    double const begin = bench::thread_seconds();
    action();
    best = std::min(best, bench::thread_seconds() - begin);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t const n_variants = bench::number_at(argc, argv, 1, 192);
  bench::Model const model(bench::number_at(argc, argv, 2, 1));
  igwas::SampleSets const& sets = model.sets;
  igwas::DosageCrossover crossover;
  if (argc > 3) {
    crossover.dense = std::atof(argv[3]);
  }
  std::size_t const only = bench::number_at(argc, argv, 4, std::size(cases));
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    if (only != std::size(cases) && only != i) {
      continue;
    }
    igwas::GenotypeBatch batch;
    batch.reset(igwas::GenotypeBatch::Kind::bytes, n_variants, bench::n_samples, {2.0 / 254, 254});
    fill(batch, cases[i], sets);
    igwas::BatchProducts out;
    igwas::BatchProducts plain;
    igwas::DosageScratch scratch;
    igwas::multiply_dosages(batch, model.fixed, out, scratch, true, crossover);
    if (argc <= 5) {
      igwas::multiply(batch, model.view(), plain);
    }
    auto const n = static_cast<double>(n_variants);
    double const product = best_seconds(
        [&] { igwas::multiply_dosages(batch, model.fixed, out, scratch, true, crossover); });
    double const prepare = best_seconds([&] {
      for (std::size_t v = 0; v < n_variants; ++v) {
        batch.prepare(v, igwas::Haploid::nobody, sets);
      }
    });
    double sum = 0;
    double const sums = best_seconds([&] {
      for (std::size_t v = 0; v < n_variants; ++v) {
        sum += batch.sums(v, 0, igwas::Haploid::nobody, sets).sum;
      }
    });
    std::printf(
        "%-26s error %.1e  product %7.0f variants/s, with prepare and sums %7.0f"
        " (%.1f + %.1f + %.1f us)%s\n",
        cases[i].name, bench::largest_error(plain, out), n / product,
        n / (product + prepare + sums), 1e6 * product / n, 1e6 * prepare / n, 1e6 * sums / n,
        sum < 0 ? "!" : "");
    std::fflush(stdout);
  }
}
