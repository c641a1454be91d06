#include "check.hpp"
#include "igwas/dosage_products.hpp"
#include "igwas/dot_products.hpp"
#include "kernels/dosage_kernels.hpp"
#include "scan_cases.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace igwas;

namespace {

constexpr DosageScale dosage8{2.0 / 254, 254};
/// Every variant by lists and, where its calls are many, by tables; every variant densely.
constexpr DosageCrossover always_sparse{{0.13, 0}, 0, 9, 0};
constexpr DosageCrossover always_dense{{0.13, 0}, 1, -1, -1};

struct Case {
  std::size_t n_samples;
  std::size_t n_columns;
  std::vector<double> columns;
  GenotypeBatch batch;

  [[nodiscard]] MatrixView<double const> view() const {
    return {columns.data(), n_samples, n_columns, n_columns};
  }
};

/// `code_of(variant, sample)`.
template <typename CodeOf>
[[nodiscard]] Case make_case(std::size_t n_samples, std::size_t n_columns, std::size_t n_variants,
                             CodeOf const& code_of) {
  Case made{n_samples, n_columns, {}, {}};
  testing::Random random(n_samples * 1000 + n_columns);
  made.columns.resize(n_samples * n_columns);
  for (double& value : made.columns) {
    value = random.symmetric();
  }
  made.batch.reset(GenotypeBatch::Kind::bytes, n_variants, n_samples, dosage8);
  ScanModel model;
  model.columns = made.view();
  model.is_male.assign(n_samples, 0);
  SampleSets const sets(model);
  for (std::size_t v = 0; v < n_variants; ++v) {
    auto const row = made.batch.bytes(v);
    for (std::size_t i = 0; i < n_samples; ++i) {
      row[i] = static_cast<std::uint8_t>(code_of(v, i));
    }
    made.batch.prepare(v, Haploid::nobody, sets);
  }
  return made;
}

/// Frequencies from almost none to almost all and shares of fractions from none to all, so that
/// every way through the product is taken.
[[nodiscard]] Case mixed_case(std::size_t n_samples, std::size_t n_columns) {
  constexpr std::size_t n_variants = 23;
  testing::Random random(n_samples);
  return make_case(n_samples, n_columns, n_variants, [&](std::size_t v, std::size_t) {
    double const frequency = static_cast<double>(v) / (n_variants - 1);
    double const fractional = static_cast<double>(v % 4) / 3;
    int const copies = (random.uniform() < frequency) + (random.uniform() < frequency);
    bool const is_exact = random.uniform() >= fractional;
    std::size_t const any = random.below(255);
    std::size_t const code = is_exact ? static_cast<std::size_t>(127 * copies) : any;
    return random.uniform() < (v % 3 == 0 ? 0.0 : 0.05) ? 255 : code;
  });
}

[[nodiscard]] BatchProducts dosage_product(Case const& of, std::uint8_t limbs,
                                           DosageCrossover const& crossover = {}) {
  FixedColumns const fixed(Context{2}, of.view(), std::vector<std::uint8_t>(of.n_columns, limbs));
  BatchProducts out;
  DosageScratch scratch;
  // Twice: what a first batch leaves in the scratch must not reach the second.
  multiply_dosages(of.batch, fixed, out, scratch, true, crossover);
  multiply_dosages(of.batch, fixed, out, scratch, true, crossover);
  return out;
}

[[nodiscard]] double largest_difference(BatchProducts const& a, BatchProducts const& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.called.size(); ++i) {
    worst = std::max(worst, std::abs(a.called[i] - b.called[i]));
    worst = std::max(worst, std::abs(a.missing[i] - b.missing[i]));
  }
  return worst;
}

/// A column, at most 1, is rounded by 2^-20 (2^-40) at most, up and down alike; each counts up to
/// 254 times. Six standard deviations.
[[nodiscard]] double bound(Case const& of, int limbs) {
  return 6 * std::ldexp(1.0, -20 * limbs) * 254 * std::sqrt(static_cast<double>(of.n_samples));
}

void check_equals_plain(Case const& made) {
  BatchProducts plain;
  multiply(made.batch, made.view(), plain);
  for (std::uint8_t const limbs : {std::uint8_t{1}, std::uint8_t{2}}) {
    BatchProducts const sparse = dosage_product(made, limbs, always_sparse);
    CHECK(largest_difference(plain, sparse) <= bound(made, limbs));
    CHECK(largest_difference(sparse, dosage_product(made, limbs, always_dense)) == 0);
    CHECK(largest_difference(sparse, dosage_product(made, limbs)) == 0);
  }
}

void equals_the_plain_product_for_every_size() {
  for (std::size_t const n_samples :
       {1U, 31U, 32U, 33U, 191U, 192U, 193U, 383U, 384U, 385U, 7681U, 9001U}) {
    for (std::size_t const n_columns : {8U, 24U, 144U}) {
      check_equals_plain(mixed_case(n_samples, n_columns));
    }
  }
}

void extremes_are_right() {
  check_equals_plain(make_case(500, 8, 3, [](auto, auto) { return 255; }));
  check_equals_plain(make_case(500, 8, 3, [](auto, std::size_t i) { return 1 + i % 62; }));
  check_equals_plain(make_case(500, 8, 3, [](auto, std::size_t i) { return 253 - i % 62; }));
  check_equals_plain(make_case(500, 8, 3, [](auto, std::size_t i) { return i == 499 ? 3 : 255; }));
  check_equals_plain(
      make_case(766, 8, 3, [](std::size_t v, std::size_t i) { return (i + v) % 256; }));
}

void codes_of_the_other_allele_are_summed_when_it_is_the_rarer() {
  auto const code = [](std::size_t, std::size_t i) { return (i * i) % 100; };
  Case const rare = make_case(777, 8, 1, code);
  Case const common =
      make_case(777, 8, 1, [&](std::size_t v, std::size_t i) { return 254 - code(v, i); });
  CHECK(!rare.batch.is_flipped(0) && common.batch.is_flipped(0));
  for (auto const& crossover : {always_sparse, always_dense}) {
    CHECK(largest_difference(dosage_product(rare, 1, crossover),
                             dosage_product(common, 1, crossover)) == 0);
  }
}

/// Every value at plus or minus the largest magnitude, every sample at the largest code or the
/// largest residual: whole numbers, so that the plain product is exact too.
void largest_sums_do_not_overflow() {
  for (int const code : {127, 63, 64, 126, 1}) {
    for (bool const alternates : {false, true}) {
      Case made = make_case(9000, 8, 7, [&](auto, auto) { return code; });
      for (std::size_t i = 0; i < made.columns.size(); ++i) {
        made.columns[i] = alternates && i % 2 == 1 ? -1.0 : 1.0;
      }
      BatchProducts plain;
      multiply(made.batch, made.view(), plain);
      for (auto const& crossover : {always_sparse, always_dense}) {
        CHECK(largest_difference(plain, dosage_product(made, 1, crossover)) == 0);
        CHECK(largest_difference(plain, dosage_product(made, 2, crossover)) == 0);
      }
    }
  }
  // 254 throughout is flipped to zeros, so the largest code that is summed everywhere is 254 by a
  // bare minority: the others are missing, and the kernel is asked directly.
  std::vector<kernels::DenseCodes> codes(kernels::dense_variants);
  std::vector<std::int32_t> rows(kernels::dense_samples * kernels::strip_columns);
  for (auto& of_variant : codes) {
    std::ranges::fill(of_variant.wide, std::int16_t{254});
    std::ranges::fill(of_variant.narrow, std::uint8_t{254});
  }
  AlignedBuffer<std::uint8_t> digits;
  digits.resize(kernels::dense_samples / kernels::step_samples * sizeof(kernels::DenseDigits));
  auto* const split = reinterpret_cast<kernels::DenseDigits*>(digits.data());
  auto const& kernel = kernels::dosage_kernels();
  // All of the greatest magnitude, or of the greatest low digit of either sign.
  for (std::int32_t const value :
       {1 << 20, -(1 << 20), 16, -16, 33 * 31774 + 16, -33 * 31774 - 16}) {
    std::ranges::fill(rows, value);
    kernel.split_digits(rows.data(), kernels::strip_columns, kernels::dense_samples, split);
    std::vector<std::int64_t> total(kernels::dense_variants * kernels::strip_columns);
    kernel.multiply_dense(codes.data(), split, kernels::dense_samples, total.data());
    std::int64_t const expected = std::int64_t{254} * kernels::dense_samples * value;
    CHECK(std::ranges::all_of(total, [&](std::int64_t sum) { return sum == expected; }));
  }
}

void every_integer_is_the_sum_of_its_digits() {
  auto const& kernel = kernels::dosage_kernels();
  constexpr std::size_t n = kernels::pair_samples;
  std::vector<std::int32_t> rows(n * kernels::strip_columns);
  AlignedBuffer<std::uint8_t> memory;
  memory.resize(n / kernels::step_samples * sizeof(kernels::DenseDigits));
  auto* const digits = reinterpret_cast<kernels::DenseDigits*>(memory.data());
  bool same = true;
  std::int32_t next = -(1 << 20);
  while (next <= 1 << 20) {
    for (auto& value : rows) {
      value = std::min(next++, 1 << 20);
    }
    kernel.split_digits(rows.data(), kernels::strip_columns, n, digits);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::size_t const row = i / kernels::strip_columns;
      std::size_t const column = i % kernels::strip_columns;
      kernels::DenseDigits const& step = digits[row / kernels::step_samples];
      std::size_t const within = row % kernels::step_samples;
      int const low = step.low[column][within];
      same = same && std::abs(low) <= kernels::largest_low &&
             kernels::digit_base * step.high[within / 2][column][within % 2] + low == rows[i];
    }
  }
  CHECK(same);
}

}  // namespace

int main() {
  equals_the_plain_product_for_every_size();
  extremes_are_right();
  codes_of_the_other_allele_are_summed_when_it_is_the_rarer();
  largest_sums_do_not_overflow();
  every_integer_is_the_sum_of_its_digits();
  return igwas::testing::exit_code();
}
