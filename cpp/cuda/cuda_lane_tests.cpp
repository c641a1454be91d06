// The part of a lane that leaves counts and tests to the device.
#include "cuda_lane.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

namespace igwas::cuda {

namespace {

/// Sum of a row's 32-bit words, modulo 2^32: as quick as reading them.
[[nodiscard]] std::uint32_t sum_of_words(unsigned char const* row, std::size_t n_bytes) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < n_bytes; at += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, row + at, sizeof(word));
    sum += word;
  }
  return sum;
}

template <typename T, typename Back>
void queue_copy_back(PinnedBuffer<T> const& to, Back const& from, std::size_t n,
                     cudaStream_t stream) {
  check(cudaMemcpyAsync(to.data(), from.data(), n * sizeof(T), cudaMemcpyDeviceToHost, stream),
        "copy results");
}

[[nodiscard]] EffectSums effect_sums(SetSums const& of) noexcept {
  return {of.n_called, of.n_one_of_each, of.sum, of.sum_of_squares, of.least, of.greatest};
}

/// The array from one of its variants on.
[[nodiscard]] ArrayRows rows_from(ArrayOnDevice const& of, std::size_t variant) noexcept {
  long long const n_bytes = bytes_of(of.type) * of.rows.variant_stride;
  ArrayRows rows = of.rows;
  rows.values = static_cast<char const*>(rows.values) + static_cast<long long>(variant) * n_bytes;
  return rows;
}

}  // namespace

void CudaLane::start_tests(Slot& slot, GenotypeBatch const& batch, std::size_t first,
                           std::size_t n) const {
  slot.first = first;
  slot.n_tests = n;
  queue_genotypes(slot, batch, n);
  queue_fits(slot, coding_of(batch), static_cast<unsigned>(n), slot.tests.device_beta.data(),
             slot.tests.device_se.data());
  queue_results(slot, n);
  // While the device works.
  slot.word_sums.clear();
  for (std::size_t variant = 0; variant < n; ++variant) {
    slot.word_sums.push_back(
        sum_of_words(genotypes_of(batch, first + variant), resident_.needs.row_bytes));
  }
}

void CudaLane::start_array_tests(Slot& slot, std::size_t variant, std::size_t first,
                                 std::size_t n) const {
  ArrayOnDevice const& array = *resident_.array;
  slot.first = first;
  slot.n_tests = n;
  PackArguments const pack{
      .rows = rows_from(array, variant),
      .samples = array.samples,
      .words = reinterpret_cast<unsigned*>(slot.device_genotypes.data()),
      .n_samples = static_cast<unsigned>(resident_.columns.samples()),
      .n_words = static_cast<unsigned>(resident_.needs.row_bytes / sizeof(unsigned)),
  };
  check(launch_pack_values(pack, static_cast<unsigned>(n), array.type, array.coding.form(),
                           slot.stream.get()),
        "start the packing");
  std::size_t const at = variant * resident_.tables->shape().n_phenotypes;
  queue_fits(slot, array.coding, static_cast<unsigned>(n), array.beta + at, array.se + at);
  queue_results(slot, n);
}

void CudaLane::queue_fits(Slot& slot, RowCoding coding, unsigned n, double* beta,
                          double* se) const {
  queue_counts(slot, coding, n);
  queue_sums(slot, coding, n, slot.tests.n_missing.data(), n);
  queue_tests(slot, coding, n, beta, se);
}

void CudaLane::queue_counts(Slot& slot, RowCoding coding, unsigned n) const {
  cudaStream_t const stream = slot.stream.get();
  ResultBuffers const& tests = slot.tests;
  CountArguments count{};
  resident_.tables->describe(count);
  count.genotypes = slot.device_genotypes.data();
  count.row_bytes = resident_.needs.row_bytes;
  count.sums = tests.device_counts.data();
  count.word_sums = tests.word_sums.data();
  check(launch_count_rows(count, n, coding.form(), stream), "start the counts");
  check(cudaMemsetAsync(tests.n_missing.data(), 0, sizeof(unsigned), stream), "clear a count");
  ListArguments const list{
      .sums = tests.device_counts.data(),
      .rows = slot.device_rows.data(),
      .n_missing = tests.n_missing.data(),
      .missing_row = tests.missing_row.data(),
      .n_variants = n,
      .n_sets = count.n_sets,
      .n_samples = static_cast<unsigned>(resident_.columns.samples()),
      .two_copies = coding.two_copies(),
  };
  check(launch_list_rows(list, stream), "start the list of rows");
}

void CudaLane::queue_tests(Slot& slot, RowCoding coding, unsigned n, double* beta,
                           double* se) const {
  ResultBuffers const& tests = slot.tests;
  TestArguments arguments{};
  resident_.tables->describe(arguments);
  arguments.counts = tests.device_counts.data();
  arguments.rows = slot.device_rows.data();
  arguments.missing_row = tests.missing_row.data();
  arguments.word_sums = tests.word_sums.data();
  arguments.sums = slot.device_sums.data();
  arguments.products = tests.products.data();
  arguments.beta = beta;
  arguments.se = se;
  arguments.fits = tests.device_fits.data();
  arguments.checks = tests.device_checks.data();
  arguments.unit_of_code = 1 / coding.scale;
  arguments.not_a_number = std::numeric_limits<double>::quiet_NaN();
  arguments.n_columns = static_cast<unsigned>(resident_.needs.n_columns);
  arguments.checksum_column = static_cast<unsigned>(resident_.layout.checksum_column());
  arguments.two_copies = coding.two_copies();
  auto const n_masks = static_cast<unsigned>(resident_.tables->shape().n_masks);
  check(launch_test_rows(arguments, n, n_masks, slot.stream.get()), "start the tests");
}

void CudaLane::queue_results(Slot& slot, std::size_t n) const {
  cudaStream_t const stream = slot.stream.get();
  ResultBuffers const& tests = slot.tests;
  ResultShape const shape = resident_.tables->shape();
  queue_copy_back(tests.counts, tests.device_counts, n * shape.n_sets, stream);
  queue_copy_back(tests.fits, tests.device_fits, n * shape.n_masks, stream);
  queue_copy_back(tests.checks, tests.device_checks, n, stream);
  if (resident_.array == nullptr) {
    queue_copy_back(tests.beta, tests.device_beta, n * shape.n_phenotypes, stream);
    queue_copy_back(tests.se, tests.device_se, n * shape.n_phenotypes, stream);
  }
  check(cudaEventRecord(slot.finished.get(), stream), "record an event");
}

void CudaLane::finish_tests(Slot& slot, GenotypeBatch const& batch,
                            DeviceResults const& out) const {
  if (slot.n_tests == 0) {
    return;
  }
  check(cudaEventSynchronize(slot.finished.get()), "test a piece");
  ResultBuffers const& tests = slot.tests;
  ModelTables const& tables = *resident_.tables;
  ResultShape const shape = tables.shape();
  for (std::size_t v = 0; v < slot.n_tests; ++v) {
    check_words(slot, v);
    take_fits(slot, coding_of(batch), v, out.fits, out.is_flipped);
    for (auto const& [column, n] : tables.stretches()) {
      std::size_t const from = v * shape.n_phenotypes + column;
      std::size_t const to = (slot.first + v) * shape.n_phenotypes + column;
      std::copy_n(tests.beta.data() + from, n, out.beta + to);
      std::copy_n(tests.se.data() + from, n, out.se + to);
    }
  }
  slot.n_tests = 0;
}

void CudaLane::finish_array_tests(Slot& slot, std::span<DeviceFit> fits,
                                  std::span<std::uint8_t> is_flipped) const {
  if (slot.n_tests == 0) {
    return;
  }
  check(cudaEventSynchronize(slot.finished.get()), "test a piece of an array");
  for (std::size_t v = 0; v < slot.n_tests; ++v) {
    take_fits(slot, resident_.array->coding, v, fits, is_flipped);
  }
  slot.n_tests = 0;
}

/// What came back of one variant beside its coefficients.
void CudaLane::take_fits(Slot const& slot, RowCoding coding, std::size_t variant,
                         std::span<DeviceFit> fits, std::span<std::uint8_t> is_flipped) const {
  check_counts(slot, coding, variant);
  ResultBuffers const& tests = slot.tests;
  ModelTables const& tables = *resident_.tables;
  ResultShape const shape = tables.shape();
  std::size_t const to = slot.first + variant;
  bool const flips = tests.checks.data()[variant].is_flipped != 0;
  is_flipped[to] = flips ? 1 : 0;
  for (std::size_t mask = 0; mask < shape.n_masks; ++mask) {
    FitSums const& fit = tests.fits.data()[variant * shape.n_masks + mask];
    SetSums const& counts = tests.counts.data()[variant * shape.n_sets + tables.set_of(mask)];
    fits[to * shape.n_masks + mask] = {
        count_allele(effect_sums(counts), coding.kind, tables.tests().sets.mask_size[mask], flips),
        fit.genotype, fit.explained, fit.n_small != 0, fit.n_reaching != 0};
  }
}

/// The genotypes arrived.
void CudaLane::check_words(Slot const& slot, std::size_t variant) const {
  RowCheck const& found = slot.tests.checks.data()[variant];
  if (found.word_sum != slot.word_sums[variant]) {
    throw Error("GPU " + std::to_string(resident_.gpu) + " read the genotypes of a variant as " +
                std::to_string(found.word_sum) + "; expected " +
                std::to_string(slot.word_sums[variant]) +
                ". Do not trust this GPU: go on with --resume and --device cpu.");
  }
}

/// What was counted is what was summed.
void CudaLane::check_counts(Slot const& slot, RowCoding coding, std::size_t variant) const {
  RowCheck const& found = slot.tests.checks.data()[variant];
  SetSums const& all = slot.tests.counts.data()[variant * resident_.tables->shape().n_sets];
  std::uint64_t const of_two = std::uint64_t{coding.two_copies()} * all.n_called;
  check_sum(found.called, found.is_flipped != 0 ? of_two - all.sum : all.sum);
  check_sum(found.missing, resident_.columns.samples() - all.n_called);
}

}  // namespace igwas::cuda
