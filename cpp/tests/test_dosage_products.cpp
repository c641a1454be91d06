#include "check.hpp"
#include "igwas/dosage_products.hpp"
#include "igwas/dot_products.hpp"
#include "kernels/dosage_kernels.hpp"
#include "product_cases.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace igwas;
using testing::ProductCase;

namespace {

constexpr auto kind = GenotypeBatch::Kind::bytes;
/// Every variant by lists and, where its calls are many, by tables; every variant densely.
constexpr DosageCrossover always_sparse{{0.13, 0}, 0, 9, 0};
constexpr DosageCrossover always_dense{{0.13, 0}, 1, -1, -1};

[[nodiscard]] BatchProducts dosage_product(ProductCase const& of, std::uint8_t limbs,
                                           DosageCrossover const& crossover = {}) {
  return testing::product_of(multiply_dosages, of, testing::columns_of(of, limbs), crossover);
}

template <typename CodeOf>
[[nodiscard]] ProductCase make_case(std::size_t n_samples, std::size_t n_variants,
                                    CodeOf const& code_of) {
  return testing::coded_case({n_samples, 8, n_variants}, kind, code_of);
}

void check_equals_plain(ProductCase const& of) {
  testing::check_equals_plain(multiply_dosages, of, {always_sparse, always_dense, {}});
}

void equals_the_plain_product_for_every_size() {
  for (std::size_t const n_samples :
       {1U, 31U, 32U, 33U, 191U, 192U, 193U, 383U, 384U, 385U, 7681U, 9001U}) {
    for (std::size_t const n_columns : {8U, 24U, 144U}) {
      check_equals_plain(testing::mixed_case(n_samples, n_columns, kind));
    }
  }
}

void extremes_are_right() {
  check_equals_plain(make_case(500, 3, [](auto, auto) { return 255; }));
  check_equals_plain(make_case(500, 3, [](auto, std::size_t i) { return 1 + i % 62; }));
  check_equals_plain(make_case(500, 3, [](auto, std::size_t i) { return 253 - i % 62; }));
  check_equals_plain(make_case(500, 3, [](auto, std::size_t i) { return i == 499 ? 3 : 255; }));
  check_equals_plain(make_case(766, 3, [](std::size_t v, std::size_t i) { return (i + v) % 256; }));
}

void codes_of_the_other_allele_are_summed_when_it_is_the_rarer() {
  auto const code = [](std::size_t, std::size_t i) { return (i * i) % 100; };
  ProductCase const rare = make_case(777, 1, code);
  ProductCase const common =
      make_case(777, 1, [&](std::size_t v, std::size_t i) { return 254 - code(v, i); });
  CHECK(!rare.batch.is_flipped(0) && common.batch.is_flipped(0));
  for (auto const& crossover : {always_sparse, always_dense}) {
    CHECK(testing::largest_difference(dosage_product(rare, 1, crossover),
                                      dosage_product(common, 1, crossover)) == 0);
  }
}

/// Every value at plus or minus the largest magnitude, every sample at the largest code or the
/// largest residual: whole numbers, so that the plain product is exact too.
void largest_sums_do_not_overflow() {
  for (int const code : {127, 63, 64, 126, 1}) {
    for (bool const alternates : {false, true}) {
      ProductCase made = make_case(9000, 7, [&](auto, auto) { return code; });
      for (std::size_t i = 0; i < made.columns.size(); ++i) {
        made.columns[i] = alternates && i % 2 == 1 ? -1.0 : 1.0;
      }
      BatchProducts plain;
      multiply(made.batch, made.view(), plain);
      for (auto const& crossover : {always_sparse, always_dense}) {
        CHECK(testing::largest_difference(plain, dosage_product(made, 1, crossover)) == 0);
        CHECK(testing::largest_difference(plain, dosage_product(made, 2, crossover)) == 0);
      }
    }
  }
}

/// A byte of a code in two, or almost a dosage of two copies, of every sample of a block: such a
/// row would be flipped, so the kernel is asked directly.
void bytes_of_255_do_not_overflow_a_dense_block() {
  std::vector<kernels::DenseCodes> codes(kernels::dense_variants);
  std::vector<std::int32_t> rows(kernels::dense_samples * kernels::strip_columns);
  for (auto& of_variant : codes) {
    std::ranges::fill(of_variant.wide, std::int16_t{255});
    std::ranges::fill(of_variant.narrow, std::uint8_t{255});
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
    std::int64_t const expected = std::int64_t{255} * kernels::dense_samples * value;
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
  bytes_of_255_do_not_overflow_a_dense_block();
  every_integer_is_the_sum_of_its_digits();
  return igwas::testing::exit_code();
}
