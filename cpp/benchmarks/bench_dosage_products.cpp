// Rate of the product of dosages on simulated imputation, by frequency and by how many dosages are
// no whole number of copies; checks the answer first.
//
// A sample is fractional with a chance that is drawn for each variant from the range of its case;
// then its code is off its true call by 127 x Beta(1, 4): by a fifth of a copy in the mean.
#include "igwas/dosage_products.hpp"
#include "igwas/dot_products.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

namespace {

constexpr std::size_t n_samples = 65629;
constexpr std::size_t n_columns = 144;

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

double thread_seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double draw_frequency(Case const& of, double u, double x) {
  if (of.greatest_frequency > 0) {
    return of.least_frequency + (of.greatest_frequency - of.least_frequency) * x;
  }
  return u < .55   ? .001 + .009 * x
         : u < .75 ? .01 + .04 * x
         : u < .88 ? .05 + .15 * x
                   : .2 + .3 * x;
}

std::uint8_t draw_code(double frequency, double fractional, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform;
  double const u = uniform(random);
  int const copies = u < frequency * frequency ? 2 : u < frequency * (2 - frequency) ? 1 : 0;
  if (uniform(random) >= fractional) {
    return static_cast<std::uint8_t>(127 * copies);
  }
  double const off = 127 * (1 - std::sqrt(std::sqrt(uniform(random))));
  bool const is_less = copies == 2 || (copies == 1 && uniform(random) < .5);
  return static_cast<std::uint8_t>(
      std::clamp(std::lround(127 * copies + (is_less ? -off : off)), 0L, 254L));
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
      code = draw_code(frequency, share, random);
    }
    batch.prepare(v, igwas::Haploid::nobody, sets);
  }
}

template <typename Action>
double best_seconds(Action const& action) {
  double best = 1e30;
  for (int repeat = 0; repeat < 3; ++repeat) {
    double const begin = thread_seconds();
    action();
    best = std::min(best, thread_seconds() - begin);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t const n_variants = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 192;
  std::size_t const limbs = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1;
  igwas::DosageCrossover crossover;
  if (argc > 3) {
    crossover.dense = std::atof(argv[3]);
  }
  std::size_t const only = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : std::size(cases);
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> columns(n_samples * n_columns);
  for (double& value : columns) {
    value = normal(random);
  }
  igwas::MatrixView<double const> const view{columns.data(), n_samples, n_columns, n_columns};
  std::vector<std::uint8_t> const all_limbs(n_columns, static_cast<std::uint8_t>(limbs));
  igwas::FixedColumns const fixed(igwas::Context{2}, view, all_limbs);
  igwas::ScanModel model;
  model.columns = view;
  model.is_male.assign(n_samples, 0);
  model.masks.resize(1);
  model.masks[0].is_member.assign(n_samples, 1);
  igwas::SampleSets const sets(model);
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    if (only != std::size(cases) && only != i) {
      continue;
    }
    igwas::GenotypeBatch batch;
    batch.reset(igwas::GenotypeBatch::Kind::bytes, n_variants, n_samples, {2.0 / 254, 254});
    fill(batch, cases[i], sets);
    igwas::BatchProducts out;
    igwas::BatchProducts plain;
    igwas::DosageScratch scratch;
    igwas::multiply_dosages(batch, fixed, out, scratch, true, crossover);
    double worst = 0;
    if (argc <= 5) {
      igwas::multiply(batch, view, plain);
      for (std::size_t at = 0; at < plain.called.size(); ++at) {
        worst = std::max(worst, std::abs(plain.called[at] - out.called[at]));
      }
    }
    auto const n = static_cast<double>(n_variants);
    double const product =
        best_seconds([&] { igwas::multiply_dosages(batch, fixed, out, scratch, true, crossover); });
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
        cases[i].name, worst, n / product, n / (product + prepare + sums), 1e6 * product / n,
        1e6 * prepare / n, 1e6 * sums / n, sum < 0 ? "!" : "");
    std::fflush(stdout);
  }
}
