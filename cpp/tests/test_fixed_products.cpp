#include "check.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/fixed_products.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using namespace igwas;

namespace {

struct Case {
  std::size_t n_samples;
  std::size_t n_columns;
  std::vector<double> columns;
  GenotypeBatch batch;

  [[nodiscard]] MatrixView<double const> view() const {
    return {columns.data(), n_samples, n_columns, n_columns};
  }
};

/// Frequencies from almost none to almost all, so that every way through the product is taken.
Case make_case(std::size_t n_samples, std::size_t n_columns, std::size_t n_variants) {
  Case made{n_samples, n_columns, {}, {}};
  std::mt19937_64 random(n_samples * 1000 + n_columns);
  std::normal_distribution<double> normal;
  made.columns.resize(n_samples * n_columns);
  for (double& value : made.columns) {
    value = normal(random);
  }
  made.batch.reset(GenotypeBatch::Kind::calls, n_variants, n_samples, {});
  ScanModel model;
  model.columns = made.view();
  model.is_male.assign(n_samples, 0);
  SampleSets const sets(model);
  std::uniform_real_distribution<double> uniform;
  for (std::size_t v = 0; v < n_variants; ++v) {
    double const frequency = static_cast<double>(v) / static_cast<double>(n_variants - 1);
    double const missing = v % 3 == 0 ? 0.0 : 0.05;
    auto const row = made.batch.calls(v);
    for (auto& word : row) {
      word = low_bits;  // missing, also past the last sample
    }
    for (std::size_t i = 0; i < n_samples; ++i) {
      int const copies = (uniform(random) < frequency) + (uniform(random) < frequency);
      std::uint64_t const call = uniform(random) < missing ? 1U
                                 : copies == 2             ? 0U
                                 : copies == 1             ? 2U
                                                           : 3U;
      std::uint64_t const at = 2 * (i % calls_per_word);
      row[i / calls_per_word] =
          (row[i / calls_per_word] & ~(std::uint64_t{3} << at)) | (call << at);
    }
    made.batch.prepare(v, Haploid::nobody, sets);
  }
  return made;
}

double largest_difference(BatchProducts const& a, BatchProducts const& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.called.size(); ++i) {
    worst = std::max(worst, std::abs(a.called[i] - b.called[i]));
    worst = std::max(worst, std::abs(a.missing[i] - b.missing[i]));
  }
  return worst;
}

BatchProducts fixed_product(Case const& of, std::uint8_t limbs,
                            FixedCrossover crossover = {0.13, 0}) {
  FixedColumns const fixed(Context{2}, of.view(), std::vector<std::uint8_t>(of.n_columns, limbs));
  BatchProducts out;
  FixedScratch scratch;
  // Twice: what a first batch leaves in the scratch must not reach the second.
  multiply_fixed(of.batch, fixed, out, scratch, true, crossover);
  multiply_fixed(of.batch, fixed, out, scratch, true, crossover);
  return out;
}

// A column is rounded by 2^-41 (2^-21) of its largest value; up to 2N of them are summed.
double bound(Case const& of, int limbs) {
  return 6.0 * std::ldexp(1.0, -20 * limbs) * 2 * std::sqrt(static_cast<double>(of.n_samples));
}

void equals_the_plain_product_for_every_size() {
  for (std::size_t const n_samples :
       {1U, 31U, 32U, 33U, 511U, 512U, 513U, 7679U, 7680U, 7681U, 16001U}) {
    for (std::size_t const n_columns : {8U, 24U, 144U}) {
      Case const made = make_case(n_samples, n_columns, 23);
      BatchProducts plain;
      multiply(made.batch, made.view(), plain);
      testing::check(largest_difference(plain, fixed_product(made, 2)) <= bound(made, 2),
                     "largest_difference(plain, fixed_product(made, 2)) <= bound(made, 2)");
      testing::check(largest_difference(plain, fixed_product(made, 1)) <= bound(made, 1),
                     "largest_difference(plain, fixed_product(made, 1)) <= bound(made, 1)");
    }
  }
}

void gives_the_same_bits_whichever_way_a_variant_takes() {
  Case const made = make_case(9000, 40, 31);
  BatchProducts const mixed = fixed_product(made, 2);
  for (FixedCrossover const crossover : {FixedCrossover{2, 0}, FixedCrossover{-1, -1}}) {
    testing::check(largest_difference(mixed, fixed_product(made, 2, crossover)) == 0.0,
                   "largest_difference(mixed, fixed_product(made, 2, crossover)) == 0.0");
  }
}

void largest_sums_do_not_overflow() {
  // Every sample at the largest magnitude with two counted copies, in lists and in tables.
  Case made = make_case(9000, 8, 3);
  for (std::size_t i = 0; i < made.columns.size(); ++i) {
    made.columns[i] = i % 2 == 0 ? 1.0 : -1.0;
  }
  for (std::size_t i = 0; i < made.n_samples; ++i) {
    std::uint64_t const at = 2 * (i % calls_per_word);
    // Just under half are of the other kind, so that "two copies" stays the counted one.
    std::uint64_t const call = i % 9 < 4 ? 0U : 3U;
    auto& word = made.batch.calls(1)[i / calls_per_word];
    word = (word & ~(std::uint64_t{3} << at)) | (call << at);
  }
  ScanModel model;
  model.columns = made.view();
  model.is_male.assign(made.n_samples, 0);
  made.batch.prepare(1, Haploid::nobody, SampleSets(model));
  BatchProducts plain;
  multiply(made.batch, made.view(), plain);
  for (FixedCrossover const crossover : {FixedCrossover{2, 0}, FixedCrossover{-1, -1}}) {
    testing::check(largest_difference(plain, fixed_product(made, 1, crossover)) == 0.0,
                   "largest_difference(plain, fixed_product(made, 1, crossover)) == 0.0");
    testing::check(largest_difference(plain, fixed_product(made, 2, crossover)) == 0.0,
                   "largest_difference(plain, fixed_product(made, 2, crossover)) == 0.0");
  }
}

void a_column_of_zeros_stays_zero() {
  Case made = make_case(100, 8, 5);
  made.columns.assign(made.columns.size(), 0.0);
  for (double const sum : fixed_product(made, 2).called) {
    testing::check(sum == 0.0, "sum == 0.0");
  }
}

}  // namespace

int main() {
  equals_the_plain_product_for_every_size();
  gives_the_same_bits_whichever_way_a_variant_takes();
  largest_sums_do_not_overflow();
  a_column_of_zeros_stays_zero();
  return igwas::testing::exit_code();
}
