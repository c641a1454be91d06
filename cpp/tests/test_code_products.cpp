#include "check.hpp"
#include "igwas/code_products.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/exact_products.hpp"
#include "kernels/code_kernels.hpp"
#include "scan_cases.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace igwas;

namespace {

/// Every variant by lists; every variant densely.
constexpr CodeCrossover always_sparse{0, 1, 0};
constexpr CodeCrossover always_dense{1, -1, -1};

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
  made.batch.reset(GenotypeBatch::Kind::codes, n_variants, n_samples, {2.0 / 65534, 65534});
  ScanModel model;
  model.columns = made.view();
  model.is_male.assign(n_samples, 0);
  SampleSets const sets(model);
  for (std::size_t v = 0; v < n_variants; ++v) {
    auto const row = made.batch.codes(v);
    for (std::size_t i = 0; i < n_samples; ++i) {
      row[i] = static_cast<std::uint16_t>(code_of(v, i));
    }
    made.batch.prepare(v, Haploid::nobody, sets);
  }
  return made;
}

/// Frequencies from almost none to almost all and shares of fractions from none to all.
[[nodiscard]] Case mixed_case(std::size_t n_samples, std::size_t n_columns) {
  constexpr std::size_t n_variants = 23;
  testing::Random random(n_samples);
  return make_case(n_samples, n_columns, n_variants, [&](std::size_t v, std::size_t) {
    double const frequency = static_cast<double>(v) / (n_variants - 1);
    double const fractional = static_cast<double>(v % 4) / 3;
    int const copies = (random.uniform() < frequency) + (random.uniform() < frequency);
    bool const is_exact = random.uniform() >= fractional;
    std::size_t const any = random.below(65535);
    std::size_t const code = is_exact ? static_cast<std::size_t>(32767 * copies) : any;
    return random.uniform() < (v % 3 == 0 ? 0.0 : 0.05) ? 65535 : code;
  });
}

[[nodiscard]] FixedColumns fixed_columns_of(Case const& of, std::uint8_t limbs) {
  return {Context{2}, of.view(), std::vector<std::uint8_t>(of.n_columns, limbs)};
}

[[nodiscard]] BatchProducts code_product(Case const& of, std::uint8_t limbs,
                                         CodeCrossover const& crossover = usual_crossover()) {
  FixedColumns const fixed = fixed_columns_of(of, limbs);
  BatchProducts out;
  CodeScratch scratch;
  // Twice: what a first batch leaves in the scratch must not reach the second.
  multiply_codes(of.batch, fixed, out, scratch, true, crossover);
  multiply_codes(of.batch, fixed, out, scratch, true, crossover);
  return out;
}

/// The plain twin: integers of the columns times codes of the counted allele, in 64 bits.
[[nodiscard]] BatchProducts plain_product(Case const& of, std::uint8_t limbs) {
  FixedColumns const fixed = fixed_columns_of(of, limbs);
  BatchProducts out;
  out.n_columns = of.n_columns;
  out.called.resize(of.batch.size() * of.n_columns);
  out.missing.resize(out.called.size());
  for (std::size_t v = 0; v < of.batch.size(); ++v) {
    std::vector<std::int64_t> called(fixed.stride());
    std::vector<std::int64_t> missing(fixed.stride());
    for (std::size_t i = 0; i < of.n_samples; ++i) {
      std::int64_t const code = of.batch.padded_codes(v)[i];
      std::int64_t const counted = of.batch.is_flipped(v) ? 65534 - code : code;
      std::int32_t const* row = fixed.data() + kernels::row_of_sample(i) * fixed.stride();
      for (std::size_t k = 0; k < fixed.stride(); ++k) {
        (code == 65535 ? missing : called)[k] += (code == 65535 ? 1 : counted) * row[k];
      }
    }
    fixed.values(called.data(), out.called.data() + v * of.n_columns);
    fixed.values(missing.data(), out.missing.data() + v * of.n_columns);
  }
  return out;
}

[[nodiscard]] bool same(BatchProducts const& a, BatchProducts const& b) {
  return a.n_columns == b.n_columns && a.called == b.called && a.missing == b.missing;
}

void check_equals_plain(Case const& made) {
  for (std::uint8_t const limbs : {std::uint8_t{1}, std::uint8_t{2}}) {
    BatchProducts const plain = plain_product(made, limbs);
    CHECK(same(code_product(made, limbs, always_sparse), plain));
    CHECK(same(code_product(made, limbs, always_dense), plain));
    CHECK(same(code_product(made, limbs), plain));
  }
}

void equals_the_plain_product_for_every_size() {
  for (std::size_t const n_samples : {1U, 31U, 32U, 33U, 191U, 193U, 383U, 385U, 2001U}) {
    for (std::size_t const n_columns : {8U, 24U, 144U}) {
      check_equals_plain(mixed_case(n_samples, n_columns));
    }
  }
}

void extremes_are_right() {
  check_equals_plain(make_case(500, 8, 3, [](auto, auto) { return 65535; }));
  check_equals_plain(make_case(500, 8, 3, [](auto, auto) { return 65534; }));
  check_equals_plain(make_case(500, 8, 3, [](auto, std::size_t i) { return 255 + 256 * (i % 2); }));
  check_equals_plain(
      make_case(500, 8, 3, [](auto, std::size_t i) { return i == 499 ? 3 : 65535; }));
  check_equals_plain(
      make_case(766, 8, 3, [](std::size_t v, std::size_t i) { return (i * 257 + v) % 65536; }));
}

/// In float64 each column is rounded a little: sums differ by its rounding alone.
void is_near_to_the_product_in_float64() {
  Case const made = mixed_case(9001, 24);
  BatchProducts in_float64;
  multiply(made.batch, made.view(), in_float64);
  BatchProducts const found = code_product(made, 2);
  double worst = 0;
  for (std::size_t i = 0; i < found.called.size(); ++i) {
    worst = std::max(worst, std::abs(found.called[i] - in_float64.called[i]));
  }
  CHECK(worst <= 6 * std::ldexp(65534.0, -40) * std::sqrt(9001.0));
}

void codes_of_the_other_allele_are_summed_when_it_is_the_rarer() {
  auto const code = [](std::size_t, std::size_t i) { return (i * i * 31) % 30'000; };
  Case const rare = make_case(777, 8, 1, code);
  Case const common =
      make_case(777, 8, 1, [&](std::size_t v, std::size_t i) { return 65534 - code(v, i); });
  CHECK(!rare.batch.is_flipped(0) && common.batch.is_flipped(0));
  for (auto const& crossover : {always_sparse, always_dense}) {
    CHECK(same(code_product(rare, 1, crossover), code_product(common, 1, crossover)));
  }
}

void missing_calls_are_left_out_where_nobody_reads_them() {
  Case const made = mixed_case(300, 8);
  BatchProducts out;
  ExactScratch scratch;
  multiply_exactly(made.batch, fixed_columns_of(made, 1), out, scratch, false);
  CHECK(out.called == code_product(made, 1).called);
  CHECK(std::ranges::all_of(out.missing, [](double sum) { return sum == 0; }));
}

/// The greatest magnitude times the largest code, for more samples than are added between two
/// carries. Whole numbers, so the sum is known: 65534 x 2^20 x samples, in units of 2^-20.
void largest_sums_do_not_overflow() {
  constexpr std::size_t n_samples = 2 * (kernels::exact_rows + 1'000);
  for (double const value : {1.0, -1.0}) {
    // Half of the samples with two copies: with more the other allele would be counted.
    for (bool const is_first : {true, false}) {
      Case made = make_case(n_samples, 8, 1, [&](auto, std::size_t i) {
        return (i < n_samples / 2) == is_first ? 65534 : 0;
      });
      CHECK(!made.batch.is_flipped(0));
      std::ranges::fill(made.columns, value);
      double const expected = value * 65534 * (n_samples / 2);
      for (auto const& crossover : {always_sparse, always_dense}) {
        for (std::uint8_t const limbs : {std::uint8_t{1}, std::uint8_t{2}}) {
          auto const found = code_product(made, limbs, crossover).called;
          CHECK(std::ranges::all_of(found, [&](double sum) { return sum == expected; }));
        }
      }
    }
  }
}

/// Both bytes at 255, of every sample of a block, times the greatest digits.
void bytes_of_255_do_not_overflow_a_dense_block() {
  std::vector<kernels::DenseCodes> codes(kernels::dense_variants);
  std::vector<std::int32_t> rows(kernels::dense_samples * kernels::strip_columns);
  for (auto& of_row : codes) {
    std::ranges::fill(of_row.wide, std::int16_t{255});
    std::ranges::fill(of_row.narrow, std::uint8_t{255});
  }
  AlignedBuffer<std::uint8_t> digits;
  digits.resize(kernels::dense_samples / kernels::step_samples * sizeof(kernels::DenseDigits));
  auto* const split = reinterpret_cast<kernels::DenseDigits*>(digits.data());
  auto const& kernel = kernels::dosage_kernels();
  for (std::int32_t const value :
       {1 << 20, -(1 << 20), 16, -16, 33 * 31774 + 16, -33 * 31774 - 16}) {
    std::ranges::fill(rows, value);
    kernel.split_digits(rows.data(), kernels::strip_columns, kernels::dense_samples, split);
    std::vector<std::int64_t> total(kernels::dense_variants * kernels::strip_columns);
    kernel.multiply_dense(codes.data(), split, kernels::dense_samples, total.data());
    std::int64_t const expected = std::int64_t{255} * kernels::dense_samples * value;
    CHECK(std::ranges::all_of(total, [&](std::int64_t sum) { return sum == expected; }));
  }
}

}  // namespace

int main() {
  equals_the_plain_product_for_every_size();
  extremes_are_right();
  is_near_to_the_product_in_float64();
  codes_of_the_other_allele_are_summed_when_it_is_the_rarer();
  missing_calls_are_left_out_where_nobody_reads_them();
  largest_sums_do_not_overflow();
  bytes_of_255_do_not_overflow_a_dense_block();
  return igwas::testing::exit_code();
}
