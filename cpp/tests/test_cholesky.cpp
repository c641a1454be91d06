#include "check.hpp"
#include "igwas/cholesky.hpp"
#include "scan_cases.hpp"

using namespace igwas;

namespace {

/// Solutions of systems of 20 well-conditioned rows.
constexpr double rounding = 1e-12;

[[nodiscard]] std::vector<double> gram(testing::Rows const& rows) {
  std::vector<double> a;
  for (auto const& x : rows) {
    for (auto const& y : rows) {
      a.push_back(testing::inner(x, y));
    }
  }
  return a;
}

[[nodiscard]] testing::Rows random_rows(std::size_t n, std::size_t length) {
  testing::Random random(n);
  testing::Rows rows(n, std::vector<double>(length));
  for (auto& row : rows) {
    for (double& x : row) {
      x = random.symmetric();
    }
  }
  return rows;
}

/// (L^-1 x)'(L^-1 x) is x'A^-1x: with x = A e_j it is A_jj.
void solving_undoes_the_factor() {
  for (std::size_t const n : {1U, 2U, 7U, 8U, 9U, 20U}) {
    auto const a = gram(random_rows(n, 2 * n + 5));
    Cholesky factor;
    factor.factor(a, std::vector<double>(n, 0.0));
    CHECK(factor.rank() == n);
    for (std::size_t j = 0; j < n; ++j) {
      std::vector<double> x(n);
      for (std::size_t i = 0; i < n; ++i) {
        x[i] = a[i * n + j];
      }
      factor.solve_lower(x);
      testing::check_close(testing::inner(x, x), a[j * n + j], rounding);
    }
  }
}

void rows_that_depend_on_earlier_ones_are_left_out() {
  auto rows = random_rows(4, 12);
  rows.insert(rows.begin() + 2, rows[0]);
  for (std::size_t i = 0; i < 12; ++i) {
    rows[2][i] = 3 * rows[0][i] - rows[1][i];
  }
  rows.push_back(std::vector<double>(12, 0.0));
  auto const a = gram(rows);
  Cholesky factor;
  factor.factor(a, std::vector<double>(6, 1e-10));
  CHECK((std::vector<std::size_t>(factor.kept().begin(), factor.kept().end()) ==
         std::vector<std::size_t>{0, 1, 3, 4}));
  std::vector<double> x;
  for (std::size_t const i : factor.kept()) {
    x.push_back(a[i * 6 + 2]);
  }
  factor.solve_lower(x);  // the row left out lies in the space of those kept
  testing::check_close(testing::inner(x, x), a[2 * 6 + 2], rounding);
}

void floors_nan_and_nothing() {
  Cholesky factor;
  factor.factor(std::vector<double>{4.0}, std::vector<double>{4.0});
  CHECK(factor.rank() == 0);
  factor.factor(std::vector<double>{4.0}, std::vector<double>{3.9});
  CHECK(factor.rank() == 1);
  factor.factor(std::vector<double>{testing::no_call}, std::vector<double>{0.0});
  CHECK(factor.rank() == 0);
  factor.factor({}, {});
  CHECK(factor.rank() == 0);
  // Only the lower triangle is read.
  factor.factor(std::vector<double>{4, 99, 2, 5}, std::vector<double>{0, 0});
  std::vector<double> x{2, 5};
  factor.solve_lower(x);
  CHECK(x[0] == 1 && x[1] == 2);
}

}  // namespace

int main() {
  solving_undoes_the_factor();
  rows_that_depend_on_earlier_ones_are_left_out();
  floors_nan_and_nothing();
  return testing::exit_code();
}
