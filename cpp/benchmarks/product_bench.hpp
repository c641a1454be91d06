// What the benchmarks of the products share: the model, imputation at random, and the clock.
#pragma once

#include "igwas/dot_products.hpp"
#include "igwas/fixed_columns.hpp"
#include "igwas/scan_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <random>
#include <vector>

namespace bench {

inline constexpr std::size_t n_samples = 65629;
inline constexpr std::size_t n_columns = 144;

/// A number among the arguments, or what stands for it.
inline std::size_t number_at(int argc, char** argv, int at, std::size_t otherwise) {
  return argc > at ? std::strtoul(argv[at], nullptr, 10) : otherwise;
}

/// Of the processor, so that others on the machine do not count.
inline double thread_seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

inline std::vector<double> normal_columns() {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> columns(n_samples * n_columns);
  for (double& value : columns) {
    value = normal(random);
  }
  return columns;
}

/// Normal columns, and one mask with everybody.
struct Model {
  explicit Model(std::size_t limbs)
      : columns(normal_columns()),
        fixed(igwas::Context{2}, view(),
              std::vector<std::uint8_t>(n_columns, static_cast<std::uint8_t>(limbs))),
        sets(scan_model()) {}

  [[nodiscard]] igwas::MatrixView<double const> view() const {
    return {columns.data(), n_samples, n_columns, n_columns};
  }

  std::vector<double> columns;
  igwas::FixedColumns fixed;
  igwas::SampleSets sets;

 private:
  [[nodiscard]] igwas::ScanModel scan_model() const {
    igwas::ScanModel model;
    model.columns = view();
    model.is_male.assign(n_samples, 0);
    model.masks.resize(1);
    model.masks[0].is_member.assign(n_samples, 1);
    return model;
  }
};

/// The frequency of an imputed variant, from two uniform numbers.
inline double imputed_frequency(double u, double x) {
  return u < .55   ? .001 + .009 * x
         : u < .75 ? .01 + .04 * x
         : u < .88 ? .05 + .15 * x
                   : .2 + .3 * x;
}

/// A dosage in one byte or two, fractional with a chance: then it is off its true call by a copy x
/// Beta(1, 4), by a fifth of a copy in the mean.
template <typename Code>
Code draw_code(double frequency, double fractional, std::mt19937_64& random) {
  constexpr int one_copy = std::numeric_limits<Code>::max() / 2;
  std::uniform_real_distribution<double> uniform;
  double const u = uniform(random);
  int const copies = u < frequency * frequency ? 2 : u < frequency * (2 - frequency) ? 1 : 0;
  if (uniform(random) >= fractional) {
    return static_cast<Code>(one_copy * copies);
  }
  double const off = one_copy * (1 - std::sqrt(std::sqrt(uniform(random))));
  bool const is_less = copies == 2 || (copies == 1 && uniform(random) < .5);
  long const code = std::lround(one_copy * copies + (is_less ? -off : off));
  return static_cast<Code>(std::clamp(code, 0L, 2L * one_copy));
}

inline double largest_error(igwas::BatchProducts const& plain, igwas::BatchProducts const& found) {
  double worst = 0;
  for (std::size_t i = 0; i < plain.called.size(); ++i) {
    worst = std::max(worst, std::abs(plain.called[i] - found.called[i]));
    worst = std::max(worst, std::abs(plain.missing[i] - found.missing[i]));
  }
  return worst;
}

}  // namespace bench
