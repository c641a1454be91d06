#include "array_scan.hpp"

#include "cuda_columns.hpp"
#include "igwas/variant_statistics.hpp"
#include "launch.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace igwas::cuda {

namespace {

/// Pieces of a task, so that a lane always has one under way, and others have their part.
constexpr std::size_t task_pieces = 4;
/// As CudaDevice: some threads wait while others conclude.
constexpr std::size_t waiting_workers = 2;

constexpr DlType float64_type{dl_float, 64, 1};
constexpr DlType int32_type{dl_int, 32, 1};

/// All digits: 2.0000001 must not read as 2.
[[nodiscard]] std::string text(double value) {
  char digits[32];
  auto const end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  return {digits, end};
}

/// One value of an array, brought to the host.
[[nodiscard]] double value_at(ArrayGenotypes const& of, std::uint64_t place) {
  auto const variant = static_cast<long long>(place / of.n_samples);
  auto const sample = static_cast<long long>(place % of.n_samples);
  long long const size = bytes_of(of.type);
  char const* const at = static_cast<char const*>(of.rows.values) +
                         (variant * of.rows.variant_stride + sample * of.rows.sample_stride) * size;
  char bytes[sizeof(double)] = {};
  check(cudaMemcpy(bytes, at, static_cast<std::size_t>(size), cudaMemcpyDeviceToHost),
        "copy a value");
  if (of.type == ArrayType::int8) {
    return static_cast<signed char>(bytes[0]);
  }
  if (of.type == ArrayType::float32) {
    float value = 0;
    std::memcpy(&value, bytes, sizeof(value));
    return value;
  }
  double value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

void refuse_value(ArrayGenotypes const& of, std::uint64_t place) {
  throw InputError("genotypes hold " + text(value_at(of, place)) + " at variant " +
                   std::to_string(place / of.n_samples) + ", sample " +
                   std::to_string(place % of.n_samples) +
                   "; expected copies of the effect allele, 0 to 2, or missing (NaN, or a negative "
                   "integer). Do not standardise them: the scan removes mean and covariates "
                   "itself; clip what is outside by rounding.");
}

/// As NumPy names it.
[[nodiscard]] std::string name_of(DlType type) {
  char const* const names[] = {"int", "uint", "float", "handle", "bfloat", "complex", "bool"};
  std::string const name = type.code < std::size(names)
                               ? names[type.code]
                               : "number " + std::to_string(type.code) + ", ";
  return name + std::to_string(type.bits);
}

/// What a look at every value found.
struct Findings {
  unsigned long long first_wrong = no_place;
  unsigned has_fraction = 0;
};

[[nodiscard]] Findings look_at(ArrayGenotypes const& of) {
  auto const found = device_buffer<Findings>(1);
  // After the buffer: destroyed before it, once what it has queued is done.
  Stream const stream = make_stream();
  // All bits of no_place are set.
  check(cudaMemsetAsync(&found.data()->first_wrong, 0xFF, sizeof(Findings::first_wrong),
                        stream.get()),
        "clear a place");
  check(
      cudaMemsetAsync(&found.data()->has_fraction, 0, sizeof(Findings::has_fraction), stream.get()),
      "clear a flag");
  CheckArguments const with{of.rows, &found.data()->first_wrong, &found.data()->has_fraction,
                            static_cast<unsigned>(of.n_samples)};
  check(launch_check_values(with, static_cast<unsigned>(of.n_variants), of.type, stream.get()),
        "start the look at genotypes");
  check(cudaStreamSynchronize(stream.get()), "look at genotypes");
  Findings findings;
  check(cudaMemcpy(&findings.first_wrong, &found.data()->first_wrong, sizeof(findings.first_wrong),
                   cudaMemcpyDeviceToHost),
        "copy a place");
  check(cudaMemcpy(&findings.has_fraction, &found.data()->has_fraction,
                   sizeof(findings.has_fraction), cudaMemcpyDeviceToHost),
        "copy a flag");
  return findings;
}

void distrust(ArrayGenotypes const& of, std::string const& what) {
  throw Error("GPU " + std::to_string(of.gpu) + " found " + what +
              ". Do not trust this GPU: give an array in memory.");
}

/// What its values are packed to: hard calls, or fine codes where any is a fraction.
[[nodiscard]] RowCoding inspect(ArrayGenotypes const& of) {
  Findings const found = look_at(of);
  if (found.first_wrong != no_place) {
    if (found.first_wrong / of.n_samples >= of.n_variants) {
      distrust(of, "a genotype at place " + std::to_string(found.first_wrong) +
                       ", which is outside the array; expected one inside");
    }
    refuse_value(of, found.first_wrong);
  }
  if (found.has_fraction == 0) {
    return {};
  }
  if (of.type == ArrayType::int8) {
    distrust(of, "a fraction among integers; expected none");
  }
  return {GenotypeBatch::Kind::fine, fine_scale};
}

[[nodiscard]] ArrayResults make_results(ArrayGenotypes const& genotypes, std::size_t n_phenotypes) {
  std::vector<std::int64_t> const shape{static_cast<std::int64_t>(genotypes.n_variants),
                                        static_cast<std::int64_t>(n_phenotypes)};
  auto const make = [&](DlType type) { return make_device_array(type, shape, genotypes.gpu); };
  try {
    return {make(float64_type), make(float64_type), make(float64_type), make(float64_type),
            make(int32_type)};
  } catch (OutOfMemory const&) {
    std::size_t const n_bytes = genotypes.n_variants * n_phenotypes * (4 * sizeof(double) + 4);
    throw OutOfMemory("GPU " + std::to_string(genotypes.gpu) + " has no room for the results of " +
                      std::to_string(genotypes.n_variants) + " variants x " +
                      std::to_string(n_phenotypes) + " phenotypes; expected " +
                      std::to_string((n_bytes >> 20) + 1) +
                      " MiB free. Give fewer variants at a time.");
  }
}

/// Places of the analysed samples, on the device.
[[nodiscard]] DeviceArray upload_samples(ScanModel const& model, ArrayGenotypes const& genotypes) {
  std::vector<std::uint32_t> places;
  for (std::int64_t const row : model.file_rows) {
    if (row < 0 || std::cmp_greater_equal(row, genotypes.n_samples)) {
      throw ShapeError("the samples of the model do not fit the genotypes.");
    }
    places.push_back(static_cast<std::uint32_t>(row));
  }
  return upload_array(places.data(), {dl_uint, 32, 1}, {static_cast<std::int64_t>(places.size())},
                      genotypes.gpu);
}

/// One thread: its lane, and what is left of the tests.
class Worker {
 public:
  Worker(CudaColumns const& columns, std::size_t number, ScanModel const& model,
         ScanOptions const& options, RowCoding coding)
      : lane_(columns.open_cuda_lane(number)), coding_(coding) {
    for (std::size_t mask = 0; mask < model.masks.size(); ++mask) {
      tests_.emplace_back(model, mask, options.missing, options.filters);
      n_phenotypes_ = std::max(n_phenotypes_, model.masks[mask].n_phenotypes);
    }
    ignored_.resize(n_phenotypes_);
  }

  void run(std::size_t first, std::size_t n, StatisticsArrays const& out) {
    fits_.resize(n * tests_.size());
    is_flipped_.resize(n);
    lane_->test_array(first, n, fits_, is_flipped_);
    for (std::size_t v = 0; v < n; ++v) {
      for (std::size_t mask = 0; mask < tests_.size(); ++mask) {
        conclude(v, mask, (first + v) * tests_.size() + mask, out);
      }
    }
  }

 private:
  void conclude(std::size_t variant, std::size_t mask, std::size_t at,
                StatisticsArrays const& out) {
    DeviceFit const& fit = fits_[variant * tests_.size() + mask];
    VariantSums sums;
    sums.code = fit.code;
    sums.scale = coding_.scale;
    sums.least_square = least_square_of(coding_.kind);
    sums.least_share = least_share_of(coding_.kind);
    sums.is_flipped = is_flipped_[variant] != 0;
    // Coefficients of what is not tested become NaN on the device, at the end.
    MaskStatistics const found = tests_[mask].conclude(sums, fit, ignored_.data(), ignored_.data());
    out.n[at] = found.n;
    out.missing_count[at] = found.missing_count;
    out.effect_allele_frequency[at] = found.effect_allele_frequency;
    out.minor_allele_count[at] = found.minor_allele_count;
    out.genotype_sum_of_squares[at] = found.genotype_sum_of_squares;
    out.degrees_of_freedom[at] = found.degrees_of_freedom;
    out.reason[at] = static_cast<std::uint8_t>(found.reason);
    out.omnibus_f[at] = found.omnibus_f;
    out.omnibus_log10p[at] = found.omnibus_log10p;
  }

  std::unique_ptr<CudaLane> lane_;
  RowCoding coding_;
  std::vector<VariantTest> tests_;
  std::size_t n_phenotypes_ = 0;
  std::vector<double> ignored_;
  std::vector<DeviceFit> fits_;
  std::vector<std::uint8_t> is_flipped_;
};

[[nodiscard]] std::vector<unsigned> masks_of_columns(ScanModel const& model,
                                                     std::size_t n_phenotypes) {
  std::vector<unsigned> mask_of(n_phenotypes, 0);
  for (std::size_t mask = 0; mask < model.masks.size(); ++mask) {
    for (std::int64_t const column : model.masks[mask].output_column) {
      mask_of[static_cast<std::size_t>(column)] = static_cast<unsigned>(mask);
    }
  }
  return mask_of;
}

/// t, p and NaN where there is no test.
void finish_on_device(ArrayGenotypes const& genotypes, ScanModel const& model,
                      StatisticsArrays const& small, ArrayResults const& results) {
  std::size_t const n_masks = model.masks.size();
  std::size_t const n_phenotypes = small.n_phenotypes;
  if (genotypes.n_variants * n_phenotypes == 0) {
    return;
  }
  std::vector<std::int64_t> const shape{static_cast<std::int64_t>(genotypes.n_variants),
                                        static_cast<std::int64_t>(n_masks)};
  std::vector<unsigned> const mask_of = masks_of_columns(model, n_phenotypes);
  auto const reason = upload_array(small.reason, {dl_uint, 8, 1}, shape, genotypes.gpu);
  auto const freedom = upload_array(small.degrees_of_freedom, int32_type, shape, genotypes.gpu);
  auto const masks = upload_array(mask_of.data(), {dl_uint, 32, 1},
                                  {static_cast<std::int64_t>(n_phenotypes)}, genotypes.gpu);
  Stream const stream = make_stream();
  TailArguments const with{
      .reason = reason.data<unsigned char>(),
      .degrees_of_freedom = freedom.data<int>(),
      .mask_of = masks.data<unsigned>(),
      .beta = results.beta.data<double>(),
      .se = results.se.data<double>(),
      .t = results.t.data<double>(),
      .log10p = results.log10p.data<double>(),
      .test_freedom = results.degrees_of_freedom.data<int>(),
      .n_tests = genotypes.n_variants * n_phenotypes,
      .not_a_number = std::numeric_limits<double>::quiet_NaN(),
      .infinity = std::numeric_limits<double>::infinity(),
      .n_phenotypes = static_cast<unsigned>(n_phenotypes),
      .n_masks = static_cast<unsigned>(n_masks),
  };
  check(launch_tail_rows(with, stream.get()), "start the tails");
  check(cudaStreamSynchronize(stream.get()), "compute the tails");
}

/// For as many lanes as there are threads and some that wait, or for fewer where memory is short.
[[nodiscard]] std::unique_ptr<CudaColumns> load_columns(Context const& context,
                                                        ColumnsToLoad what) {
  what.n_lanes = std::max<std::size_t>(1, context.threads) + waiting_workers;
  while (true) {
    try {
      return std::make_unique<CudaColumns>(context, what);
    } catch (DeviceUnavailable const&) {
      if (what.n_lanes == 1) {
        throw;
      }
      what.n_lanes /= 2;
    }
  }
}

void test_all(Context const& context, ArrayGenotypes const& genotypes, ScanModel const& model,
              ScanOptions const& options, RowCoding coding, StatisticsArrays const& small,
              ArrayResults const& results, Watch const& watch) {
  if (coding.kind == GenotypeBatch::Kind::fine) {
    require_fine_samples(model.file_rows.size());
  }
  DeviceArray const samples = upload_samples(model, genotypes);
  FixedColumns const columns = fixed_columns(context, model, Precision::full);
  SampleSets const sets(model);
  // Nobody asks for hits: all of p is computed.
  DeviceTests const tests(model, sets, options.n_phenotypes,
                          std::numeric_limits<double>::infinity());
  ArrayOnDevice const array{genotypes.rows,
                            genotypes.type,
                            coding,
                            samples.data<unsigned>(),
                            results.beta.data<double>(),
                            results.se.data<double>()};
  auto const resident =
      load_columns(context, {columns, {genotypes.gpu}, coding.kind, 0, &tests, &array});
  std::size_t const task_variants = task_pieces * resident->piece_rows();
  std::size_t const n_tasks = (genotypes.n_variants + task_variants - 1) / task_variants;
  Context const crew{std::min(n_tasks, resident->n_lanes())};
  std::vector<std::unique_ptr<Worker>> workers(crew.threads);
  run_tasks(
      crew, n_tasks,
      [&](std::size_t task, std::size_t number) {
        if (!workers[number]) {
          workers[number] = std::make_unique<Worker>(*resident, number, model, options, coding);
        }
        std::size_t const first = task * task_variants;
        workers[number]->run(first, std::min(task_variants, genotypes.n_variants - first), small);
      },
      watch);
}

}  // namespace

ArrayGenotypes genotypes_in(ForeignArray const& array) {
  if (array.shape().size() != 2) {
    throw ShapeError("genotypes have " + std::to_string(array.shape().size()) +
                     " axes; expected 2: (variants, samples).");
  }
  DlType const type = array.type();
  ArrayGenotypes found{{array.data(), array.strides()[0], array.strides()[1]},
                       ArrayType::int8,
                       static_cast<std::size_t>(array.shape()[0]),
                       static_cast<std::size_t>(array.shape()[1]),
                       array.gpu()};
  if (type == DlType{dl_float, 32, 1}) {
    found.type = ArrayType::float32;
  } else if (type == float64_type) {
    found.type = ArrayType::float64;
  } else if (!(type == DlType{dl_int, 8, 1})) {
    throw InputError("genotypes on a GPU have elements of type " + name_of(type) +
                     "; expected int8, float32 or float64. Convert them first.");
  }
  return found;
}

ArrayResults scan_array(Context const& context, ArrayGenotypes const& genotypes,
                        ScanModel const& model, ScanOptions const& options,
                        StatisticsArrays const& small, Watch const& watch) {
  OnDevice const here(genotypes.gpu);
  bool const is_empty = genotypes.n_variants == 0 || genotypes.n_samples == 0;
  RowCoding const coding = is_empty ? RowCoding{} : inspect(genotypes);
  ArrayResults results = make_results(genotypes, options.n_phenotypes);
  if (!is_empty) {
    test_all(context, genotypes, model, options, coding, small, results, watch);
    finish_on_device(genotypes, model, small, results);
  }
  return results;
}

}  // namespace igwas::cuda
