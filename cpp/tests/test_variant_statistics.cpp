#include "check.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/f_tail.hpp"
#include "igwas/variant_statistics.hpp"
#include "scan_cases.hpp"

#include <algorithm>
#include <cstring>

using namespace igwas;
using testing::no_call;
using testing::Rows;

namespace {

// Hardy-Weinberg is not tested.
constexpr double no_hwe = std::numeric_limits<double>::infinity();

/// Two ways to solve least squares with a few hundred samples and a well-conditioned basis.
constexpr double rounding = 1e-10;

struct Result {
  MaskStatistics statistics;
  std::vector<double> beta;
  std::vector<double> se;
};

/// Neither what was tested before nor what is tested beside a variant changes a bit of it.
void check_company(VariantTest& test, VariantSums const& sums, Result const& alone) {
  constexpr std::size_t n_variants = 5;
  std::size_t const n = alone.beta.size();
  std::vector<VariantSums> const many(n_variants, sums);
  std::vector<MaskStatistics> statistics(n_variants);
  std::vector<double> beta(n_variants * n);
  std::vector<double> se(n_variants * n);
  test(many, statistics, {beta.data(), se.data(), n});
  for (std::size_t i = 0; i < n_variants; ++i) {
    CHECK(statistics[i].degrees_of_freedom == alone.statistics.degrees_of_freedom);
    CHECK(std::memcmp(&statistics[i].omnibus_f, &alone.statistics.omnibus_f, sizeof(double)) == 0);
    CHECK(std::memcmp(beta.data() + i * n, alone.beta.data(), n * sizeof(double)) == 0);
    CHECK(std::memcmp(se.data() + i * n, alone.se.data(), n * sizeof(double)) == 0);
  }
}

/// Test one row through the batch and its products, as the scan does.
[[nodiscard]] Result test_row(testing::Cohort const& cohort, std::size_t mask,
                              std::vector<double> const& row, MissingCalls missing,
                              VariantFilters const& filters = {},
                              Haploid haploid = Haploid::nobody) {
  auto [index, bytes] = testing::raw_chunks({row}, Encoding::hardcalls, 1);
  testing::TemporaryFile const file(bytes);
  index.path = file.path();
  auto const source = make_file_source(index);
  SampleSets const sets(cohort.model);
  GenotypeBatch batch;
  GenotypeSource::Scratch scratch;
  std::vector<std::int64_t> const variants{0};
  source->read(variants, cohort.model.file_rows, batch, scratch);
  batch.prepare(0, haploid, sets);
  BatchProducts products;
  multiply(batch, cohort.model.columns, products);
  VariantSums sums;
  sums.code = batch.sums(0, mask, haploid, sets);
  sums.called = products.called_row(0);
  sums.missing = products.missing_row(0);
  sums.scale = batch.scale().scale;
  sums.is_flipped = batch.is_flipped(0);
  std::vector<std::uint32_t> absent;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (std::isnan(row[i]) && cohort.members[mask][i] != 0) {
      absent.push_back(static_cast<std::uint32_t>(i));
    }
  }
  sums.missing_samples = absent;
  VariantTest test(cohort.model, mask, missing, filters);
  std::size_t const n = cohort.model.masks[mask].n_phenotypes;
  Result result{{}, std::vector<double>(n), std::vector<double>(n)};
  test({&sums, 1}, {&result.statistics, 1}, {result.beta.data(), result.se.data(), n});
  check_company(test, sums, result);
  return result;
}

void tests_equal_the_plain_fit() {
  for (std::size_t const n : {33U, 257U}) {
    auto const cohort = testing::random_cohort(n, 6, 4, 3, n);
    auto const rows = testing::random_calls(6, n, 0.1, n);
    for (auto const& row : rows) {
      for (std::size_t mask = 0; mask < 3; ++mask) {
        for (auto const missing : {MissingCalls::mean, MissingCalls::drop}) {
          auto const found = test_row(cohort, mask, row, missing);
          CHECK(found.statistics.reason == Reason::tested);
          for (std::size_t k = 0; k < found.beta.size(); ++k) {
            auto const column = static_cast<std::size_t>(cohort.model.masks[mask].output_column[k]);
            auto const fit =
                testing::plain_fit(cohort, column, mask, row, missing == MissingCalls::drop);
            testing::check_close(found.beta[k], fit.beta, rounding);
            testing::check_close(found.se[k], fit.se, rounding);
            testing::check_close(found.statistics.genotype_sum_of_squares,
                                 fit.genotype_sum_of_squares, rounding);
            CHECK(found.statistics.degrees_of_freedom == fit.degrees_of_freedom);
          }
        }
      }
    }
  }
}

void the_omnibus_of_one_phenotype_is_its_t_test() {
  auto const cohort = testing::random_cohort(120, 1, 3);
  for (auto const& row : testing::random_calls(3, 120, 0.1)) {
    for (auto const missing : {MissingCalls::mean, MissingCalls::drop}) {
      auto const found = test_row(cohort, 0, row, missing);
      double const t = found.beta[0] / found.se[0];
      testing::check_close(found.statistics.omnibus_f, t * t, rounding);
      testing::check_close(found.statistics.omnibus_log10p,
                           log10p_f(t * t, 1, found.statistics.degrees_of_freedom), rounding);
    }
  }
}

[[nodiscard]] Reason reason_of(testing::Cohort const& cohort, std::vector<double> const& row,
                               VariantFilters const& filters = {},
                               MissingCalls missing = MissingCalls::mean,
                               Haploid haploid = Haploid::nobody) {
  auto const found = test_row(cohort, 0, row, missing, filters, haploid);
  bool all_nan = true;
  for (std::size_t k = 0; k < found.beta.size(); ++k) {
    all_nan = all_nan && std::isnan(found.beta[k]) && std::isnan(found.se[k]);
  }
  CHECK(all_nan == (found.statistics.reason != Reason::tested));
  CHECK(found.statistics.reason == Reason::tested || std::isnan(found.statistics.omnibus_f));
  return found.statistics.reason;
}

[[nodiscard]] std::vector<double> row_of(std::size_t n_two, std::size_t n_one, std::size_t n_zero,
                                         std::size_t n_missing) {
  std::vector<double> row(n_two, 2.0);
  row.insert(row.end(), n_one, 1.0);
  row.insert(row.end(), n_zero, 0.0);
  row.insert(row.end(), n_missing, no_call);
  return row;
}

void every_filter_has_its_reason_and_its_limit_passes() {
  auto const cohort = testing::random_cohort(100, 2, 2);
  CHECK(reason_of(cohort, row_of(0, 10, 90, 0)) == Reason::tested);
  CHECK(reason_of(cohort, row_of(0, 0, 100, 0)) == Reason::constant);
  CHECK(reason_of(cohort, row_of(100, 0, 0, 0)) == Reason::constant);
  CHECK(reason_of(cohort, row_of(0, 40, 0, 60)) == Reason::constant);
  CHECK(reason_of(cohort, row_of(0, 0, 0, 100)) == Reason::all_missing);
  for (bool const swapped : {false, true}) {
    auto const row = swapped ? row_of(90, 10, 0, 0) : row_of(0, 10, 90, 0);
    CHECK(reason_of(cohort, row, {10, 0, 1, no_hwe}) == Reason::tested);
    CHECK(reason_of(cohort, row, {10.5, 0, 1, no_hwe}) == Reason::minor_allele_count);
    CHECK(reason_of(cohort, row, {0, 0.05, 1, no_hwe}) == Reason::tested);
    CHECK(reason_of(cohort, row, {0, 0.051, 1, no_hwe}) == Reason::minor_allele_frequency);
    auto const tenth = swapped ? row_of(80, 20, 0, 0) : row_of(0, 20, 80, 0);
    CHECK(reason_of(cohort, tenth, {0, 0.1, 1, no_hwe}) == Reason::tested);
  }
  CHECK(reason_of(cohort, row_of(20, 20, 31, 29), {0, 0, 0.29, no_hwe}) == Reason::tested);
  CHECK(reason_of(cohort, row_of(20, 20, 30, 30), {0, 0, 0.29, no_hwe}) == Reason::missing_rate);
  CHECK(reason_of(cohort, row_of(50, 0, 50, 0), {0, 0, 1, 6}) == Reason::hardy_weinberg);
  CHECK(reason_of(cohort, row_of(25, 50, 25, 0), {0, 0, 1, 6}) == Reason::tested);
  // Haploid samples say nothing about Hardy-Weinberg.
  CHECK(reason_of(cohort, row_of(50, 0, 50, 0), {0, 0, 1, 6}, MissingCalls::mean,
                  Haploid::everybody) == Reason::tested);
}

void a_genotype_that_covariates_explain_is_collinear() {
  auto cohort = testing::random_cohort(60, 2, 1);
  auto const row = testing::random_calls(1, 60, 0).front();
  auto const other = testing::random_cohort(60, 2, 2);
  // Put the genotype itself in place of the second covariate.
  testing::Cohort made = other;
  made.covariates[1] = row;
  auto const basis = testing::basis_of(made.covariates, made.members[0]);
  auto const& group = made.model.masks[0];
  for (std::size_t c = 0; c < basis.size(); ++c) {
    for (std::size_t i = 0; i < 60; ++i) {
      made.columns[i * made.model.columns.stride + group.basis_begin + c] = basis[c][i];
    }
  }
  made.model.columns.data = made.columns.data();
  CHECK(reason_of(made, row) == Reason::collinear);
  CHECK(reason_of(made, row, {}, MissingCalls::drop) == Reason::collinear);
}

void too_few_samples_and_nobody() {
  auto const few = testing::random_cohort(5, 1, 3);
  std::vector<double> const row{0, 1, 2, no_call, 1};
  CHECK(reason_of(few, row, {}, MissingCalls::drop) == Reason::too_few_samples);
  CHECK(reason_of(few, row) == Reason::tested);
  auto nobody = testing::random_cohort(5, 1, 1);
  std::ranges::fill(nobody.model.masks[0].is_member, std::uint8_t{0});
  CHECK(reason_of(nobody, row) == Reason::no_samples);
}

void haploid_samples_carry_one_allele() {
  auto const cohort = testing::random_cohort(9, 1, 1);  // 0, 3, 6 are male
  std::vector<double> const row{2, 0, 1, 0, 2, 0, 1, 0, 0};
  auto const found = test_row(cohort, 0, row, MissingCalls::mean, {}, Haploid::males);
  // Male 6 is heterozygous: not believed. Males carry 1 of 2 alleles, females 3 of 12.
  CHECK(found.statistics.missing_count == 1);
  CHECK(found.statistics.minor_allele_count == 4);
  testing::check_close(found.statistics.effect_allele_frequency, 4.0 / 14, 1e-15);
  auto const both = test_row(cohort, 0, row, MissingCalls::mean, {}, Haploid::everybody);
  CHECK(both.statistics.missing_count == 2);
  CHECK(both.statistics.minor_allele_count == 2);
  testing::check_close(both.statistics.effect_allele_frequency, 2.0 / 7, 1e-15);
}

void a_dependent_omnibus_response_is_left_out_and_not_read_past() {
  auto cohort = testing::random_cohort(80, 2, 1);
  auto& group = cohort.model.masks[0];
  // The second response named twice: the factor has rank 2 of 3.
  auto const g = group.omnibus_gram;
  group.omnibus_response = {0, 1, 1};
  group.omnibus_gram = {g[0], g[1], g[1], g[2], g[3], g[3], g[2], g[3], g[3]};
  auto const row = testing::random_calls(1, 80, 0).front();
  auto const doubled = test_row(cohort, 0, row, MissingCalls::mean);
  group.omnibus_response = {0, 1};
  group.omnibus_gram = g;
  auto const plain = test_row(cohort, 0, row, MissingCalls::mean);
  testing::check_close(doubled.statistics.omnibus_f, plain.statistics.omnibus_f, 1e-6);
}

}  // namespace

int main() {
  tests_equal_the_plain_fit();
  the_omnibus_of_one_phenotype_is_its_t_test();
  every_filter_has_its_reason_and_its_limit_passes();
  a_genotype_that_covariates_explain_is_collinear();
  too_few_samples_and_nobody();
  haploid_samples_carry_one_allele();
  a_dependent_omnibus_response_is_left_out_and_not_read_past();
  return testing::exit_code();
}
