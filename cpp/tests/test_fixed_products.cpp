#include "check.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/fixed_products.hpp"
#include "product_cases.hpp"

#include <vector>

using namespace igwas;
using testing::ProductCase;

namespace {

/// Tables where they pay, whatever it costs to build them; lists alone; tables alone.
constexpr FixedCrossover mixed{0.13, 0};
constexpr FixedCrossover always_lists{2, 0};
constexpr FixedCrossover always_tables{-1, -1};

[[nodiscard]] ProductCase make_case(std::size_t n_samples, std::size_t n_columns,
                                    std::size_t n_variants) {
  return testing::product_case(n_samples, n_columns, n_variants, GenotypeBatch::Kind::calls);
}

[[nodiscard]] BatchProducts fixed_product(ProductCase const& of, std::uint8_t limbs,
                                          FixedCrossover const& crossover = mixed) {
  return testing::product_of(multiply_fixed, of, testing::columns_of(of, limbs), crossover);
}

void equals_the_plain_product_for_every_size() {
  for (std::size_t const n_samples :
       {1U, 31U, 32U, 33U, 511U, 512U, 513U, 7679U, 7680U, 7681U, 16001U}) {
    for (std::size_t const n_columns : {8U, 24U, 144U}) {
      testing::check_equals_plain(multiply_fixed, make_case(n_samples, n_columns, 23),
                                  {mixed, always_lists, always_tables, {}});
    }
  }
}

void largest_sums_do_not_overflow() {
  // Every sample at the largest magnitude with two counted copies, in lists and in tables.
  ProductCase made = make_case(9000, 8, 3);
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
  testing::prepare_all(made);
  BatchProducts plain;
  multiply(made.batch, made.view(), plain);
  for (FixedCrossover const crossover : {always_lists, always_tables}) {
    CHECK(testing::largest_difference(plain, fixed_product(made, 1, crossover)) == 0.0);
    CHECK(testing::largest_difference(plain, fixed_product(made, 2, crossover)) == 0.0);
  }
}

void a_column_of_zeros_stays_zero() {
  ProductCase made = make_case(100, 8, 5);
  made.columns.assign(made.columns.size(), 0.0);
  for (double const sum : fixed_product(made, 2).called) {
    CHECK(sum == 0.0);
  }
}

}  // namespace

int main() {
  equals_the_plain_product_for_every_size();
  largest_sums_do_not_overflow();
  a_column_of_zeros_stays_zero();
  return igwas::testing::exit_code();
}
