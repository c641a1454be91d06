#include "check.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/genotype_source.hpp"
#include "scan_cases.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

using namespace igwas;

namespace {

/// Sums of up to 600 products of size 1 in one fixed order.
constexpr double rounding = 1e-12;

[[nodiscard]] GenotypeBatch batch_of(testing::Rows const& rows, std::size_t first, std::size_t n,
                                     testing::Cohort const& cohort) {
  std::vector<double> flat;
  for (auto const& row : rows) {
    flat.insert(flat.end(), row.begin(), row.end());
  }
  std::size_t const n_samples = rows.front().size();
  auto const source =
      make_array_source(MatrixView<double const>{flat.data(), rows.size(), n_samples, n_samples});
  std::vector<std::int64_t> variants(n);
  std::iota(variants.begin(), variants.end(), static_cast<std::int64_t>(first));
  GenotypeBatch batch;
  GenotypeSource::Scratch scratch;
  source->read(variants, cohort.model.file_rows, batch, scratch);
  SampleSets const sets(cohort.model);
  for (std::size_t v = 0; v < n; ++v) {
    batch.prepare(v, Haploid::nobody, sets);
  }
  return batch;
}

void check_products(std::size_t n_samples, std::size_t n_phenotypes) {
  auto const rows = testing::random_calls(5, n_samples, 0.1, 2);
  auto const cohort = testing::random_cohort(n_samples, n_phenotypes, 2);
  auto const batch = batch_of(rows, 0, rows.size(), cohort);
  BatchProducts products;
  multiply(batch, cohort.model.columns, products);
  CHECK(products.n_columns == cohort.model.columns.columns);
  double worst = 0;
  for (std::size_t v = 0; v < rows.size(); ++v) {
    for (std::size_t c = 0; c < products.n_columns; ++c) {
      double called = 0;
      double missing = 0;
      for (std::size_t i = 0; i < n_samples; ++i) {
        double const x = cohort.model.columns.row(i)[c];
        double const copies = batch.is_flipped(v) ? 2 - rows[v][i] : rows[v][i];
        (std::isnan(copies) ? missing : called) += (std::isnan(copies) ? 1 : copies) * x;
      }
      worst = std::max({worst, std::fabs(called - products.called_row(v)[c]),
                        std::fabs(missing - products.missing_row(v)[c])});
    }
  }
  CHECK(worst <= rounding);
}

void a_batch_and_its_parts_give_the_same_bits() {
  auto const rows = testing::random_calls(7, 300, 0.05, 4);
  auto const cohort = testing::random_cohort(300, 37, 3);
  BatchProducts whole;
  multiply(batch_of(rows, 0, 7, cohort), cohort.model.columns, whole);
  for (std::size_t v = 0; v < 7; ++v) {
    BatchProducts alone;
    multiply(batch_of(rows, v, 1, cohort), cohort.model.columns, alone);
    std::size_t const bytes = alone.n_columns * sizeof(double);
    CHECK(std::memcmp(alone.called_row(0), whole.called_row(v), bytes) == 0);
    CHECK(std::memcmp(alone.missing_row(0), whole.missing_row(v), bytes) == 0);
  }
}

}  // namespace

int main() {
  for (std::size_t const n : {1U, 31U, 32U, 33U, 255U, 256U, 257U, 600U}) {
    check_products(n, 3);
  }
  // Around the strip of columns that is summed in registers.
  for (std::size_t const k : {1U, 6U, 7U, 30U, 31U, 38U, 128U}) {
    check_products(70, k);
  }
  a_batch_and_its_parts_give_the_same_bits();
  return testing::exit_code();
}
