#include "check.hpp"
#include "igwas/code_products.hpp"
#include "igwas/exact_products.hpp"
#include "kernels/code_kernels.hpp"
#include "product_cases.hpp"

#include <algorithm>
#include <vector>

using namespace igwas;
using testing::ProductCase;

namespace {

constexpr auto kind = GenotypeBatch::Kind::codes;

/// Every variant by lists; every variant densely.
constexpr CodeCrossover always_sparse{0, 1, 0};
constexpr CodeCrossover always_dense{1, -1, -1};

[[nodiscard]] BatchProducts code_product(ProductCase const& of, std::uint8_t limbs,
                                         CodeCrossover const& crossover = usual_crossover()) {
  return testing::product_of(multiply_codes, of, testing::columns_of(of, limbs), crossover);
}

template <typename CodeOf>
[[nodiscard]] ProductCase make_case(std::size_t n_samples, std::size_t n_variants,
                                    CodeOf const& code_of) {
  return testing::coded_case({n_samples, 8, n_variants}, kind, code_of);
}

void check_equals_plain(ProductCase const& of) {
  testing::check_equals_plain(multiply_codes, of, {always_sparse, always_dense, usual_crossover()});
}

void equals_the_plain_product_for_every_size() {
  for (std::size_t const n_samples : {1U, 31U, 32U, 33U, 191U, 193U, 383U, 385U, 9001U}) {
    for (std::size_t const n_columns : {8U, 24U, 144U}) {
      check_equals_plain(testing::mixed_case(n_samples, n_columns, kind));
    }
  }
}

void extremes_are_right() {
  check_equals_plain(make_case(500, 3, [](auto, auto) { return 65535; }));
  check_equals_plain(make_case(500, 3, [](auto, auto) { return 65534; }));
  check_equals_plain(make_case(500, 3, [](auto, std::size_t i) { return 255 + 256 * (i % 2); }));
  check_equals_plain(make_case(500, 3, [](auto, std::size_t i) { return i == 499 ? 3 : 65535; }));
  check_equals_plain(
      make_case(766, 3, [](std::size_t v, std::size_t i) { return (i * 257 + v) % 65536; }));
}

void codes_of_the_other_allele_are_summed_when_it_is_the_rarer() {
  auto const code = [](std::size_t, std::size_t i) { return (i * i * 31) % 30'000; };
  ProductCase const rare = make_case(777, 1, code);
  ProductCase const common =
      make_case(777, 1, [&](std::size_t v, std::size_t i) { return 65534 - code(v, i); });
  CHECK(!rare.batch.is_flipped(0) && common.batch.is_flipped(0));
  for (auto const& crossover : {always_sparse, always_dense}) {
    CHECK(testing::same(code_product(rare, 1, crossover), code_product(common, 1, crossover)));
  }
}

void missing_calls_are_left_out_where_nobody_reads_them() {
  ProductCase const made = testing::mixed_case(300, 8, kind);
  BatchProducts out;
  ExactScratch scratch;
  multiply_exactly(made.batch, testing::columns_of(made, 1), out, scratch, false);
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
      ProductCase made = make_case(n_samples, 1, [&](auto, std::size_t i) {
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

}  // namespace

int main() {
  equals_the_plain_product_for_every_size();
  extremes_are_right();
  codes_of_the_other_allele_are_summed_when_it_is_the_rarer();
  missing_calls_are_left_out_where_nobody_reads_them();
  largest_sums_do_not_overflow();
  return igwas::testing::exit_code();
}
