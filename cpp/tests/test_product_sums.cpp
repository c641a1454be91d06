#include "check.hpp"
#include "igwas/dot_products.hpp"
#include "product_sums.hpp"

#include <algorithm>
#include <vector>

using namespace igwas;

namespace {

constexpr std::size_t stride = 16;
constexpr std::int64_t limb = 1 << 20;

/// Twice as much as fits between two carries, in pieces of `weight`, into the second of two sums.
template <typename Partial>
void check_carries(std::int64_t largest, std::uint32_t weight) {
  SumScratch<Partial> scratch;
  // Twice: what a first product leaves must not reach the second.
  for (int repeat = 0; repeat < 2; ++repeat) {
    ProductSums<Partial> sums(scratch, 2, stride);
    std::size_t const n = 2 * (most_weight<Partial> / weight) + 1;
    for (std::size_t i = 0; i < n; ++i) {
      Partial* const partial = sums.room_for(1, weight);
      for (std::size_t k = 0; k < stride; ++k) {
        partial[k] += static_cast<Partial>((k % 2 == 0 ? largest : -largest) * weight);
      }
    }
    sums.carry(1);
    auto const expected = static_cast<std::int64_t>(n * weight) * largest;
    for (std::size_t k = 0; k < stride; ++k) {
      CHECK(sums.total(0)[k] == 0);
      CHECK(sums.total(1)[k] == (k % 2 == 0 ? expected : -expected));
    }
  }
}

void sums_are_carried_before_they_are_inexact() {
  for (std::uint32_t const weight : {1U, 2U, 384U, 2047U}) {
    check_carries<std::int32_t>(limb, weight);
    // Odd, so that a sum past 2^53 would be rounded.
    check_carries<double>((limb - 1) * (kernels::two_copies_wide_code - 1), weight);
  }
}

/// The same once more with less: nothing of what was there is left.
void results_have_a_row_for_each_variant() {
  std::vector<double> const columns{1, -0.5, 0.5, 0.25, -1, 1};
  std::vector<std::uint8_t> const limbs{2, 1, 2};
  FixedColumns const fixed(Context{1}, {columns.data(), 2, 3, 3}, limbs);
  BatchProducts out;
  for (std::size_t const n_variants : {5U, 2U}) {
    std::vector<std::int64_t> sums(2 * n_variants * fixed.stride());
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] = static_cast<std::int64_t>(i);
    }
    write_products(fixed, n_variants, sums.data(), out);
    CHECK(out.n_columns == 3);
    CHECK(out.called.size() == 3 * n_variants && out.missing.size() == 3 * n_variants);
    for (std::size_t v = 0; v < n_variants; ++v) {
      std::vector<double> row(3);
      fixed.values(sums.data() + v * fixed.stride(), row.data());
      CHECK(std::ranges::equal(row, std::vector(out.called_row(v), out.called_row(v) + 3)));
      fixed.values(sums.data() + (n_variants + v) * fixed.stride(), row.data());
      CHECK(std::ranges::equal(row, std::vector(out.missing_row(v), out.missing_row(v) + 3)));
    }
  }
}

}  // namespace

int main() {
  sums_are_carried_before_they_are_inexact();
  results_have_a_row_for_each_variant();
  return testing::exit_code();
}
