#include "check.hpp"
#include "igwas/dropped_fit.hpp"
#include "igwas/variant_statistics.hpp"
#include "scan_cases.hpp"

#include <algorithm>
#include <cmath>

using namespace igwas;

namespace {

struct Fit {
  std::vector<double> sum_of_squares;
  std::vector<double> cross;  ///< Q_M'R_M folded with a basis product
  double explained = 0;
};

/// Without `missing`, from the rows themselves: sums over everybody less sums over those.
[[nodiscard]] Fit plain(testing::Cohort const& cohort, std::vector<std::uint32_t> const& missing,
                        std::vector<double> const& basis_product,
                        std::vector<double> const& product) {
  MaskGroup const& group = cohort.model.masks[0];
  std::size_t const p = group.n_basis;
  std::size_t const k = group.n_responses;
  std::vector<double> gram(p * p, 0.0);
  std::vector<double> cross(p * k, 0.0);
  std::vector<double> responses = group.omnibus_gram;
  Fit fit{group.sum_of_squares, product, 0};
  for (std::size_t a = 0; a < p; ++a) {
    gram[a * p + a] = 1;
  }
  for (std::uint32_t const sample : missing) {
    double const* row = cohort.model.columns.row(sample);
    double const* q = row + group.basis_begin;
    double const* r = row + group.responses_begin;
    for (std::size_t a = 0; a < p; ++a) {
      for (std::size_t b = 0; b < p; ++b) {
        gram[a * p + b] -= q[a] * q[b];
      }
      for (std::size_t i = 0; i < k; ++i) {
        cross[a * k + i] += q[a] * r[i];
      }
    }
    for (std::size_t i = 0; i < k; ++i) {
      fit.sum_of_squares[i] -= r[i] * r[i];
      for (std::size_t j = 0; j < k; ++j) {
        responses[i * k + j] -= r[i] * r[j];
      }
    }
  }
  Cholesky factor;
  factor.factor(gram, std::vector<double>(p, 0.0));
  factor.solve_lower_rows(cross, k);
  auto b = basis_product;
  factor.solve_lower(b);
  for (std::size_t a = 0; a < p; ++a) {
    for (std::size_t i = 0; i < k; ++i) {
      fit.sum_of_squares[i] -= cross[a * k + i] * cross[a * k + i];
      fit.cross[i] += b[a] * cross[a * k + i];
      for (std::size_t j = 0; j < k; ++j) {
        responses[i * k + j] -= cross[a * k + i] * cross[a * k + j];
      }
    }
  }
  Cholesky whole;
  whole.factor(responses, std::vector<double>(k, 0.0));
  auto u = fit.cross;
  whole.solve_lower(u);
  for (double const x : u) {
    fit.explained += x * x;
  }
  return fit;
}

[[nodiscard]] Cholesky factor_of(MaskGroup const& group) {
  Cholesky factor;
  factor.factor(group.omnibus_gram, std::vector<double>(group.omnibus_response.size(), 0.0));
  return factor;
}

void leaving_out_equals_a_fit_of_the_rest() {
  for (std::size_t const n : {300U, 1000U}) {
    auto const cohort = testing::random_cohort(n, 20, 5, 1, n);
    MaskGroup const& group = cohort.model.masks[0];
    auto const factor = factor_of(group);
    CoarseColumns const columns(Context{2}, cohort.model.columns);
    DroppedFit fit(group, columns, factor);
    testing::Random random(n);
    for (std::size_t const every : {1000U, 100U, 30U, 9U}) {
      std::vector<std::uint32_t> missing;
      for (std::uint32_t i = 0; i < n; ++i) {
        if (i % every == every / 2) {
          missing.push_back(i);
        }
      }
      std::vector<double> basis_product(group.n_basis);
      std::vector<double> product(group.n_responses);
      std::ranges::generate(basis_product, [&] { return random.uniform(); });
      std::ranges::generate(product, [&] { return random.uniform() - 0.5; });
      auto const expected = plain(cohort, missing, basis_product, product);
      CHECK(fit.leave_out(missing, n, 1e-2, product));
      auto b = basis_product;
      fit.solve_basis(b);
      auto u = product;
      std::vector<double> sums(cohort.model.columns.columns, 0.0);
      for (std::uint32_t const sample : missing) {
        for (std::size_t k = 0; k < sums.size(); ++k) {
          sums[k] += cohort.model.columns.row(sample)[k];
        }
      }
      CHECK(fit.has_intercept());
      fit.add_to_product(b, sums.data(), u);
      for (std::size_t k = 0; k < group.n_responses; ++k) {
        testing::check_close(fit.sum_of_squares()[k], expected.sum_of_squares[k], 3e-6);
        CHECK(std::fabs(u[k] - expected.cross[k]) < 1e-4);
      }
      testing::check_close(fit.explained(u), expected.explained, 1e-4);
    }
  }
}

/// Who has no call depends on a phenotype, and the guess is far off: more than one step is needed.
void the_omnibus_test_does_not_depend_on_the_guess() {
  std::size_t const n = 2000;
  auto const cohort = testing::random_cohort(n, 20, 5, 1, n);
  MaskGroup const& group = cohort.model.masks[0];
  auto const factor = factor_of(group);
  CoarseColumns const columns(Context{1}, cohort.model.columns);
  DroppedFit fit(group, columns, factor);
  testing::Random random(7);
  std::vector<std::uint32_t> missing;
  double const* first = cohort.model.columns.row(0) + group.responses_begin;
  double const high = 0.8 * std::fabs(first[0]) + 1e-3;
  for (std::uint32_t i = 0; i < n; ++i) {
    if (cohort.model.columns.row(i)[group.responses_begin] > high && missing.size() < n / 10) {
      missing.push_back(i);
    }
  }
  CHECK(missing.size() > n / 50);
  std::vector<double> const basis_product(group.n_basis, 0.0);
  std::vector<double> product(group.n_responses);
  std::ranges::generate(product, [&] { return random.uniform() - 0.5; });
  auto const expected = plain(cohort, missing, basis_product, product);
  auto near = product;
  near[0] *= 1.01;
  auto opposite = product;
  std::ranges::transform(opposite, opposite.begin(), [](double u) { return -u; });
  std::vector<double> const nothing(product.size(), 0.0);
  std::vector<double> other(product.size());
  std::ranges::generate(other, [&] { return random.uniform(); });
  for (auto const& guess : {product, near, opposite, nothing, other}) {
    CHECK(fit.leave_out(missing, n, 1e-2, guess));
    testing::check_close(fit.explained(product), expected.explained, 1e-5);
  }
  CHECK(fit.leave_out(missing, n, 1e-2, product));
  testing::check_close(fit.explained(nothing), 0.0, 1e-12);
}

void what_is_no_small_share_is_refused() {
  std::size_t const n = 300;
  auto cohort = testing::random_cohort(n, 4, 3, 1, n);
  MaskGroup const& group = cohort.model.masks[0];
  auto const factor = factor_of(group);
  CoarseColumns const columns(Context{1}, cohort.model.columns);
  DroppedFit fit(group, columns, factor);
  std::vector<double> const product(group.n_responses, 1.0);
  std::vector<std::uint32_t> many(60);
  for (std::uint32_t i = 0; i < many.size(); ++i) {
    many[i] = i;
  }
  CHECK(!fit.leave_out(many, n, 0.1, product));
  std::vector<std::uint32_t> const few{3, 77};
  CHECK(fit.leave_out(few, n, 0.1, product));
  // A genotype that covariates all but explain: the rounding of the columns would show.
  CHECK(!fit.leave_out(few, n, 1e6, product));
}

}  // namespace

int main() {
  leaving_out_equals_a_fit_of_the_rest();
  the_omnibus_test_does_not_depend_on_the_guess();
  what_is_no_small_share_is_refused();
  return testing::exit_code();
}
