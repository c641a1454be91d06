// What a scan of genotypes on a GPU must do, whichever GPU it is: the bits of the CPU's scan.
#pragma once

#include "array_scan.hpp"
#include "device_cases.hpp"
#include "igwas/student_t.hpp"
#include "launch.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace igwas::testing {

/// How an array lies in memory.
enum class Layout { by_variant, by_sample, every_other, backwards };

inline constexpr Layout layouts[] = {Layout::by_variant, Layout::by_sample, Layout::every_other,
                                     Layout::backwards};

struct ArrayCase {
  std::size_t n_variants = 20;
  std::size_t n_samples = 130;  ///< analysed
  std::size_t n_phenotypes = 5;
  std::size_t n_masks = 1;
  cuda::ArrayType type = cuda::ArrayType::float32;
  Layout layout = Layout::by_variant;
  int gpu = 0;
  std::size_t threads = 2;
  bool has_fractions = false;
};

/// Whole copies of more samples than are analysed; a constant variant, and one without a call. Of
/// fractions every fourth variant has some, from the smallest that are not zero to just below two.
inline Rows rows_of(ArrayCase const& what) {
  Rows rows = random_calls(what.n_variants, what.n_samples + what.n_samples / 3, 0.03);
  if (rows.size() > 2) {
    rows[1].assign(rows[1].size(), 2);
    rows[2].assign(rows[2].size(), no_call);
  }
  Random random(31);
  for (std::size_t v = 0; what.has_fractions && v < rows.size(); v += 4) {
    for (double& copies : rows[v]) {
      double const u = random.uniform();
      copies = std::isnan(copies) || u < 0.3 ? copies : static_cast<float>(2 * u * u);
    }
    rows[v][0] = 0x1p-22;         // rounds to one code unit
    rows[v][1] = 0x1.fffffep-23;  // and to none
    rows[v][3] = 0x1.fffffep0;
  }
  return rows;
}

/// A model of some of the array's samples.
inline Cohort cohort_of(ArrayCase const& what) {
  Cohort cohort = random_cohort(what.n_samples, what.n_phenotypes, 3, what.n_masks);
  for (std::size_t i = 0; i < what.n_samples; ++i) {
    cohort.model.file_rows[i] = static_cast<std::int64_t>(i + (i + 1) / 4);
  }
  return cohort;
}

/// Strides and first element of a layout, in elements, and how many there are.
struct Placement {
  std::int64_t variant_stride;
  std::int64_t sample_stride;
  std::size_t first;
  std::size_t n_elements;
};

inline Placement placement(Layout layout, std::size_t n_variants, std::size_t n_samples) {
  auto const v = static_cast<std::int64_t>(n_variants);
  auto const n = static_cast<std::int64_t>(n_samples);
  std::size_t const all = n_variants * n_samples;
  switch (layout) {
    case Layout::by_sample:
      return {1, v, 0, all};
    case Layout::every_other:
      return {2 * n, 2, 0, 4 * all};
    case Layout::backwards:
      return {n, -1, n_samples - 1, all};
    case Layout::by_variant:
      break;
  }
  return {n, 1, 0, all};
}

/// Values of an array as its bytes; elements that are not of it hold what no genotype is.
template <typename T>
std::vector<char> array_bytes(Rows const& rows, Placement const& at) {
  std::vector<T> values(at.n_elements, T{77});
  for (std::size_t v = 0; v < rows.size(); ++v) {
    for (std::size_t i = 0; i < rows[v].size(); ++i) {
      double const copies = rows[v][i];
      auto const place = static_cast<std::int64_t>(at.first) +
                         static_cast<std::int64_t>(v) * at.variant_stride +
                         static_cast<std::int64_t>(i) * at.sample_stride;
      bool const is_none = std::isnan(copies);
      values[static_cast<std::size_t>(place)] =
          std::is_integral_v<T> && is_none ? T(-1 - static_cast<int>(i % 100)) : T(copies);
    }
  }
  auto const* const start = reinterpret_cast<char const*>(values.data());
  return {start, start + sizeof(T) * values.size()};
}

/// Rows in a GPU's memory.
struct ArrayThere {
  cuda::DeviceArray memory;
  cuda::ArrayGenotypes genotypes;
};

inline ArrayThere put_there(Rows const& rows, ArrayCase const& what) {
  std::size_t const n_samples = rows.empty() ? what.n_samples : rows.front().size();
  Placement const at = placement(what.layout, rows.size(), n_samples);
  auto const bytes = what.type == cuda::ArrayType::int8
                         ? array_bytes<signed char>(rows, at)
                         : (what.type == cuda::ArrayType::float32 ? array_bytes<float>(rows, at)
                                                                  : array_bytes<double>(rows, at));
  cuda::DeviceArray memory = cuda::upload_array(
      bytes.data(), {cuda::dl_uint, 8, 1}, {static_cast<std::int64_t>(bytes.size())}, what.gpu);
  char* const start =
      memory.data<char>() + static_cast<std::int64_t>(at.first) * cuda::bytes_of(what.type);
  return {
      memory,
      {{start, at.variant_stride, at.sample_stride}, what.type, rows.size(), n_samples, what.gpu}};
}

/// The results of a scan in the host's memory.
struct HostResults {
  HostResults(std::size_t n_variants, std::size_t n_masks, std::size_t n_phenotypes)
      : counts(3, std::vector<std::int32_t>(n_variants * n_masks)),
        numbers(5, std::vector<double>(n_variants * n_masks)),
        reason(n_variants * n_masks),
        coefficients(4, std::vector<double>(n_variants * n_phenotypes)) {
    arrays.n_masks = n_masks;
    arrays.n_phenotypes = n_phenotypes;
    arrays.n = counts[0].data();
    arrays.missing_count = counts[1].data();
    arrays.degrees_of_freedom = counts[2].data();
    arrays.effect_allele_frequency = numbers[0].data();
    arrays.minor_allele_count = numbers[1].data();
    arrays.genotype_sum_of_squares = numbers[2].data();
    arrays.omnibus_f = numbers[3].data();
    arrays.omnibus_log10p = numbers[4].data();
    arrays.reason = reason.data();
    arrays.beta = coefficients[0].data();
    arrays.se = coefficients[1].data();
  }

  std::vector<std::vector<std::int32_t>> counts;
  std::vector<std::vector<double>> numbers;
  std::vector<std::uint8_t> reason;
  std::vector<std::vector<double>> coefficients;  ///< beta, se, t, log10p
  StatisticsArrays arrays;
};

inline ScanOptions array_options(ArrayCase const& what) {
  ScanOptions options;
  options.precision = Precision::full;
  options.n_phenotypes = what.n_phenotypes;
  options.hit_log10p = 1e9;
  options.filters.min_minor_allele_count = 20;
  return options;
}

inline HostResults array_on_cpu(Rows const& rows, Cohort const& cohort, ArrayCase const& what) {
  HostResults found(rows.size(), cohort.model.masks.size(), what.n_phenotypes);
  std::vector<double> flat;
  for (auto const& row : rows) {
    flat.insert(flat.end(), row.begin(), row.end());
  }
  std::size_t const n = rows.front().size();
  // Of whole copies they are hard calls, whatever is asked for.
  auto const source =
      make_array_source(MatrixView<double const>{flat.data(), rows.size(), n, n}, Fractions::fine);
  std::vector<std::int64_t> source_row(rows.size());
  std::iota(source_row.begin(), source_row.end(), 0);
  std::vector<ScanBlock> const blocks{{0, 0, rows.size(), Haploid::nobody}};
  auto const sink = make_array_sink(found.arrays);
  scan(Context{1}, *source, cohort.model, {source_row, {}}, blocks, array_options(what), *sink, {},
       nullptr);
  for (std::size_t i = 0; i < found.coefficients[0].size(); ++i) {
    std::size_t const mask = i % what.n_phenotypes % what.n_masks;
    double const t = found.coefficients[0][i] / found.coefficients[1][i];
    std::int32_t const dof = found.counts[2][i / what.n_phenotypes * what.n_masks + mask];
    found.coefficients[2][i] = t;
    found.coefficients[3][i] = log10p_student_t(t, dof);
  }
  return found;
}

template <typename T>
std::vector<T> brought_back(cuda::DeviceArray const& from, std::size_t n) {
  std::vector<T> values(n);
  cuda::OnDevice const here(from.gpu);
  if (n != 0) {
    cuda::check(cudaMemcpy(values.data(), from.memory.get(), n * sizeof(T), cudaMemcpyDeviceToHost),
                "copy results");
  }
  return values;
}

/// The same numbers; not a number is that, whatever its other bits.
inline bool same_numbers(std::vector<double> const& a, std::vector<double> const& b,
                         double tolerance = 0) {
  return std::ranges::equal(a, b, [tolerance](double x, double y) {
    return x == y || (std::isnan(x) && std::isnan(y)) || std::fabs(x - y) <= tolerance * y;
  });
}

/// \param tolerance of log10p, relative: logarithms of other libraries.
inline void check_same_array(ArrayCase const& what, double tolerance) {
  Rows const rows = rows_of(what);
  Cohort const cohort = cohort_of(what);
  HostResults const expected = array_on_cpu(rows, cohort, what);
  HostResults found(rows.size(), cohort.model.masks.size(), what.n_phenotypes);
  ArrayThere const there = put_there(rows, what);
  cuda::ArrayResults const results = cuda::scan_array(
      Context{what.threads}, there.genotypes, cohort.model, array_options(what), found.arrays, {});
  CHECK(found.counts == expected.counts);
  CHECK(found.reason == expected.reason);
  for (std::size_t i = 0; i < expected.numbers.size(); ++i) {
    CHECK(same_numbers(found.numbers[i], expected.numbers[i]));
  }
  std::size_t const n = rows.size() * what.n_phenotypes;
  cuda::DeviceArray const* const arrays[] = {&results.beta, &results.se, &results.t,
                                             &results.log10p};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(same_numbers(brought_back<double>(*arrays[i], n), expected.coefficients[i],
                       i == 3 ? tolerance : 0));
  }
  auto const dof = brought_back<std::int32_t>(results.degrees_of_freedom, n);
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t const mask = i % what.n_phenotypes % what.n_masks;
    CHECK(dof[i] == expected.counts[2][i / what.n_phenotypes * what.n_masks + mask]);
  }
}

/// Every type and layout, around the edges of words and of the packing's steps.
inline void arrays_are_the_bits_of_the_cpu(double tolerance) {
  for (auto const type :
       {cuda::ArrayType::int8, cuda::ArrayType::float32, cuda::ArrayType::float64}) {
    for (Layout const layout : layouts) {
      check_same_array({7, 66, 3, 1, type, layout}, tolerance);
    }
  }
  for (auto const type : {cuda::ArrayType::float32, cuda::ArrayType::float64}) {
    for (Layout const layout : layouts) {
      check_same_array({9, 66, 3, 2, type, layout, 0, 2, true}, tolerance);
    }
  }
  check_same_array({5, 2'049, 2, 2}, tolerance);
  check_same_array({5, 2'049, 2, 1, cuda::ArrayType::float64, Layout::by_variant, 0, 2, true},
                   tolerance);
  // More rows than a block of threads sums.
  check_same_array({70, 195, 40, 1, cuda::ArrayType::float32, Layout::by_variant, 0, 2, true},
                   tolerance);
  check_same_array({5, 2'112, 3, 3, cuda::ArrayType::int8, Layout::by_sample}, tolerance);
  check_same_array({140, 65, 130, 1, cuda::ArrayType::float64}, tolerance);
}

/// Words of the error of a scan, or nothing.
template <typename Expected = Error>
std::string array_error(Rows const& rows, ArrayCase const& what) {
  Cohort const cohort = cohort_of(what);
  HostResults found(rows.size(), cohort.model.masks.size(), what.n_phenotypes);
  ArrayThere const there = put_there(rows, what);
  try {
    static_cast<void>(cuda::scan_array(Context{what.threads}, there.genotypes, cohort.model,
                                       array_options(what), found.arrays, {}));
  } catch (Expected const& error) {
    return error.what();
  }
  return {};
}

/// Also in samples that are not analysed, as on the CPU; the first is named.
inline void what_is_no_copy_is_an_error() {
  struct Wrong {
    cuda::ArrayType type;
    double value;
    char const* text;
  };
  for (Wrong const& wrong :
       {Wrong{cuda::ArrayType::int8, 3, "3"}, Wrong{cuda::ArrayType::float32, 2.5, "2.5"},
        Wrong{cuda::ArrayType::float64, -1, "-1"},
        Wrong{cuda::ArrayType::float64, 2.0000001, "2.0000001"},
        Wrong{cuda::ArrayType::float64, HUGE_VAL, "inf"}}) {
    ArrayCase what;
    what.type = wrong.type;
    for (Layout const layout : layouts) {
      what.layout = layout;
      Rows rows = rows_of(what);
      rows[3][172] = wrong.value;  // the last of a row, not analysed
      rows[4][0] = wrong.value;
      std::string const words = array_error<InputError>(rows, what);
      CHECK(words.find(std::string("genotypes hold ") + wrong.text +
                       " at variant 3, sample 172; expected copies of the effect allele, 0 to 2, "
                       "or missing") == 0);
    }
  }
}

/// -log10 p from t = beta / 1 on the device, for whole degrees of freedom.
inline std::vector<double> tails_on_device(std::vector<double> const& t,
                                           std::vector<int> const& dof,
                                           std::vector<std::uint8_t> const& reason) {
  auto const n = static_cast<std::int64_t>(t.size());
  std::vector<unsigned> const mask_of(1, 0);
  std::vector<double> const ones(t.size(), 1.0);
  auto const doubles = [&](std::vector<double> const& from) {
    return cuda::upload_array(from.data(), {cuda::dl_float, 64, 1}, {n}, 0);
  };
  auto const beta = doubles(t);
  auto const se = doubles(ones);
  auto const t_out = doubles(ones);
  auto const log10p = doubles(ones);
  auto const freedom = cuda::upload_array(dof.data(), {cuda::dl_int, 32, 1}, {n}, 0);
  auto const freedom_out = cuda::upload_array(dof.data(), {cuda::dl_int, 32, 1}, {n}, 0);
  auto const why = cuda::upload_array(reason.data(), {cuda::dl_uint, 8, 1}, {n}, 0);
  auto const masks = cuda::upload_array(mask_of.data(), {cuda::dl_uint, 32, 1}, {1}, 0);
  cuda::Stream const stream = cuda::make_stream();
  cuda::TailArguments const with{
      .reason = why.data<unsigned char>(),
      .degrees_of_freedom = freedom.data<int>(),
      .mask_of = masks.data<unsigned>(),
      .beta = beta.data<double>(),
      .se = se.data<double>(),
      .t = t_out.data<double>(),
      .log10p = log10p.data<double>(),
      .test_freedom = freedom_out.data<int>(),
      .n_tests = t.size(),
      .not_a_number = no_call,
      .infinity = HUGE_VAL,
      .n_phenotypes = 1,
      .n_masks = 1,
  };
  cuda::check(cuda::launch_tail_rows(with, stream.get()), "start the tails");
  cuda::check(cudaStreamSynchronize(stream.get()), "compute the tails");
  return brought_back<double>(log10p, t.size());
}

/// From p near 1 to -log10 p of 1e5, one degree of freedom to half a million, and the edges.
inline void tails_are_those_of_the_cpu(double tolerance) {
  std::vector<double> t;
  std::vector<int> dof;
  std::vector<std::uint8_t> reason;
  auto const add = [&](double value, int freedom, std::uint8_t why = 0) {
    t.push_back(value);
    dof.push_back(freedom);
    reason.push_back(why);
  };
  for (int const freedom : {1, 2, 3, 4, 19, 20, 21, 366, 65'000, 500'000}) {
    for (double value = 1e-8; value < 1e5; value *= 3.7) {
      add(value, freedom);
      add(-value, freedom);
    }
    for (double const value : {0.0, -0.0, 1e-300, 1e160, 1e300, HUGE_VAL, -HUGE_VAL, no_call}) {
      add(value, freedom);
    }
  }
  add(2, 0);
  add(2, -1);
  std::vector<double> expected;
  for (std::size_t i = 0; i < t.size(); ++i) {
    expected.push_back(log10p_student_t(t[i], dof[i]));
  }
  add(2, 10, 3);
  expected.push_back(no_call);
  CHECK(*std::ranges::max_element(expected, {},
                                  [](double x) { return std::isfinite(x) ? x : 0.0; }) > 1e5);
  CHECK(same_numbers(tails_on_device(t, dof, reason), expected, tolerance));
}

}  // namespace igwas::testing
