#include "check.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/error.hpp"
#include "igwas/exact_products.hpp"
#include "kernels/fixed_kernels.hpp"
#include "scan_cases.hpp"

#include <cmath>
#include <vector>

using namespace igwas;

namespace {

constexpr std::size_t n_columns = 19;
constexpr std::size_t n_variants = 9;

struct Case {
  std::vector<double> columns;
  std::vector<double> dosage;  ///< (variants, samples)
  GenotypeBatch batch;
  FixedColumns fixed;
};

/// Dosages from rare to common, whole and fractions; some missing, but not of every third variant.
[[nodiscard]] Case make_case(std::size_t n_samples, std::uint8_t limbs) {
  testing::Random random(n_samples);
  std::vector<double> columns(n_samples * n_columns);
  for (double& value : columns) {
    value = random.symmetric();
  }
  std::vector<double> dosage(n_variants * n_samples);
  for (std::size_t at = 0; at < dosage.size(); ++at) {
    std::size_t const v = at / n_samples;
    double const power = 0.3 + 0.5 * static_cast<double>(v);
    double const copies = 2 * std::pow(random.uniform(), power);
    dosage[at] = random.uniform() < 0.3 ? std::round(copies) : copies;
    dosage[at] = random.uniform() < (v % 3 == 0 ? 0.0 : 0.1) ? testing::no_call : dosage[at];
  }
  ScanModel model;
  model.columns = {columns.data(), n_samples, n_columns, n_columns};
  model.is_male.assign(n_samples, 0);
  SampleSets const sets(model);
  GenotypeBatch batch;
  batch.reset(GenotypeBatch::Kind::fine, n_variants, n_samples, fine_dosage_scale);
  for (std::size_t v = 0; v < n_variants; ++v) {
    for (std::size_t i = 0; i < n_samples; ++i) {
      batch.fine(v)[i] = fine_code_of(dosage[v * n_samples + i]);
    }
    batch.prepare(v, Haploid::nobody, sets);
  }
  FixedColumns fixed(Context{1}, model.columns, std::vector<std::uint8_t>(n_columns, limbs));
  return {std::move(columns), std::move(dosage), std::move(batch), std::move(fixed)};
}

/// From the dosages and the columns as they were, in long double.
void check_product(std::size_t n_samples, std::uint8_t limbs) {
  Case const of = make_case(n_samples, limbs);
  BatchProducts out;
  ExactScratch scratch;
  // Twice: what a first batch leaves must not reach the second.
  multiply_exactly(of.batch, of.fixed, out, scratch);
  multiply_exactly(of.batch, of.fixed, out, scratch);
  // Of one limb columns are rounded to 2^-20, of two to 2^-40; dosages to 2^-22.
  double const tolerance = static_cast<double>(n_samples) * (limbs == 1 ? 0x1p-19 : 0x1p-21);
  for (std::size_t v = 0; v < n_variants; ++v) {
    for (std::size_t k = 0; k < n_columns; ++k) {
      long double called = 0;
      long double missing = 0;
      for (std::size_t i = 0; i < n_samples; ++i) {
        double const copies = of.dosage[v * n_samples + i];
        long double const value = of.columns[i * n_columns + k];
        if (std::isnan(copies)) {
          missing += value;
        } else {
          called += (of.batch.is_flipped(v) ? 2 - copies : copies) * value;
        }
      }
      double const found = out.called_row(v)[k] * fine_scale;
      CHECK(std::fabs(found - static_cast<double>(called)) <= tolerance);
      CHECK(std::fabs(out.missing_row(v)[k] - static_cast<double>(missing)) <= tolerance);
    }
  }
}

void missing_calls_are_left_out_where_nobody_asks() {
  Case const of = make_case(200, 1);
  BatchProducts out;
  ExactScratch scratch;
  multiply_exactly(of.batch, of.fixed, out, scratch, false);
  CHECK(out.missing == std::vector<double>(n_variants * n_columns, 0.0));
}

/// As many people as are allowed, all with one copy, times the largest value.
void the_largest_sum_fits(std::uint8_t limbs) {
  std::size_t const n = most_fine_samples;
  std::vector<double> const columns(n, -1.0);
  ScanModel model;
  model.columns = {columns.data(), n, 1, 1};
  model.is_male.assign(n, 0);
  SampleSets const sets(model);
  GenotypeBatch batch;
  batch.reset(GenotypeBatch::Kind::fine, 1, n, fine_dosage_scale);
  for (std::uint32_t& code : batch.fine(0)) {
    code = two_copies_fine / 2;
  }
  batch.prepare(0, Haploid::nobody, sets);
  FixedColumns const fixed(Context{1}, model.columns, std::vector<std::uint8_t>(1, limbs));
  BatchProducts out;
  ExactScratch scratch;
  multiply_exactly(batch, fixed, out, scratch);
  CHECK(!batch.is_flipped(0));
  CHECK(out.called[0] == -0x1p21 * static_cast<double>(n));
}

void more_people_than_sums_hold_are_refused() {
  require_fine_samples(most_fine_samples);
  testing::check_throws<DeviceUnavailable>([] { require_fine_samples(most_fine_samples + 1); });
}

void codes_are_the_nearest() {
  CHECK(fine_code_of(0.0) == 0 && fine_code_of(1.0F) == two_copies_fine / 2);
  CHECK(fine_code_of(2.0) == two_copies_fine && fine_code_of(-0.0) == 0);
  CHECK(fine_code_of(testing::no_call) == missing_fine);
  for (unsigned k = 0; k <= 32'768; ++k) {
    // Of PLINK 2's dosages none is rounded.
    CHECK(fine_code_of(static_cast<float>(k) / 16'384) * fine_scale == k / 16'384.0);
  }
  testing::Random random(3);
  for (int repeat = 0; repeat < 10'000; ++repeat) {
    double const dosage = 2 * random.uniform();
    CHECK(std::fabs(fine_code_of(dosage) * fine_scale - dosage) <= fine_scale / 2);
  }
}

}  // namespace

int main() {
  for (std::size_t const n : {1U, 63U, 64U, 193U, 600U}) {
    check_product(n, 1);
    check_product(n, 2);
  }
  missing_calls_are_left_out_where_nobody_asks();
  the_largest_sum_fits(1);
  the_largest_sum_fits(2);
  more_people_than_sums_hold_are_refused();
  codes_are_the_nearest();
  return testing::exit_code();
}
