#include "cuda_lane.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>

namespace igwas::cuda {

namespace {

/// The sum of the codes of called samples in a row of dosages.
///
/// \param missing what samples without a code, and places past the last sample, hold.
template <typename Code>
[[nodiscard]] std::int64_t sum_of_row(Code const* codes, std::size_t n, std::int64_t n_called,
                                      Code missing) {
  std::int64_t const all = std::accumulate(codes, codes + n, std::int64_t{0});
  return all - std::int64_t{missing} * (static_cast<std::int64_t>(n) - n_called);
}

/// The same of the effect allele, whichever kind the batch is of.
[[nodiscard]] std::int64_t sum_of_dosages(GenotypeBatch const& batch, std::size_t variant,
                                          std::size_t n_places, std::int64_t n_called) {
  switch (batch.kind()) {
    case GenotypeBatch::Kind::bytes:
      return sum_of_row(batch.padded_bytes(variant), n_places, n_called,
                        GenotypeBatch::missing_byte);
    case GenotypeBatch::Kind::codes:
      return sum_of_row(batch.padded_codes(variant), n_places, n_called,
                        GenotypeBatch::missing_code);
    default:
      return sum_of_row(batch.padded_fine(variant), n_places, n_called, missing_fine);
  }
}

/// The sum of the counted allele's codes over called samples.
///
/// \param n_places of a row, those past the last sample included.
[[nodiscard]] std::int64_t sum_of_codes(GenotypeBatch const& batch, std::size_t variant,
                                        std::size_t n_places, std::size_t n_samples) {
  GenotypeBatch::CallShape const shape = batch.call_shape(variant);
  if (batch.kind() == GenotypeBatch::Kind::calls) {
    return static_cast<std::int64_t>(shape.n_counted + shape.n_pairs);
  }
  auto const n_called = static_cast<std::int64_t>(n_samples - shape.n_missing);
  std::int64_t const sum = sum_of_dosages(batch, variant, n_places, n_called);
  auto const two = static_cast<std::int64_t>(two_copies_of(batch.kind()));
  return batch.is_flipped(variant) ? two * n_called - sum : sum;
}

}  // namespace

CudaLane::CudaLane(ResidentColumns const& resident)
    : resident_(resident), piece_rows_(resident.piece_rows) {
  check(cudaSetDevice(resident_.gpu), "select the GPU");
  allocate();
}

CudaLane::Slot CudaLane::make_slot() const {
  MemoryNeeds const& needs = resident_.needs;
  std::size_t const n_rows = 2 * piece_rows_;
  Slot slot;
  if (resident_.array == nullptr) {
    make_host_buffers(slot);
  }
  slot.device_genotypes = device_buffer<unsigned char>(piece_rows_ * needs.row_bytes);
  slot.device_rows = device_buffer<SumRow>(n_rows);
  slot.device_sums = device_buffer<unsigned long long>(n_rows * needs.n_columns);
  if (resident_.tables != nullptr) {
    ResultShape shape = resident_.tables->shape();
    shape.n_phenotypes = resident_.array != nullptr ? 0 : shape.n_phenotypes;
    slot.tests = ResultBuffers(shape, needs.n_columns, piece_rows_);
  }
  slot.finished = make_event();
  slot.stream = make_stream();
  return slot;
}

/// What goes to the device and comes back from it, where genotypes come in batches.
void CudaLane::make_host_buffers(Slot& slot) const {
  MemoryNeeds const& needs = resident_.needs;
  slot.genotypes = pinned_buffer<unsigned char>(piece_rows_ * needs.row_bytes);
  slot.rows = pinned_buffer<SumRow>(2 * piece_rows_);
  slot.sums = pinned_buffer<std::int64_t>(2 * piece_rows_ * needs.n_columns);
}

void CudaLane::allocate() {
  while (true) {
    try {
      for (Slot& slot : slots_) {
        slot = make_slot();
      }
      return;
    } catch (OutOfMemory const&) {
      // Others use the device too: what the plan counted on is gone.
      slots_ = {};
      if (piece_rows_ <= least_piece_rows) {
        throw;
      }
      piece_rows_ = std::max(least_piece_rows, piece_rows_ / 2);
    }
  }
}

template <typename Start, typename Finish>
void CudaLane::in_pieces(std::size_t n, Start const& start, Finish const& finish) {
  std::size_t turn = 0;
  for (std::size_t first = 0; first < n; first += piece_rows_) {
    Slot& slot = slots_[turn++ % lane_slots];
    finish(slot);
    start(slot, first, std::min(piece_rows_, n - first));
  }
  for (std::size_t left = 0; left < lane_slots; ++left) {
    finish(slots_[turn++ % lane_slots]);
  }
}

void CudaLane::multiply(GenotypeBatch const& batch, BatchProducts& out, bool sums_missing) {
  check(cudaSetDevice(resident_.gpu), "select the GPU");
  std::size_t const n_columns = resident_.columns.columns();
  out.n_columns = n_columns;
  out.called.resize(batch.size() * n_columns);
  out.missing.assign(batch.size() * n_columns, 0.0);
  Product const product{batch, out, sums_missing};
  in_pieces(
      batch.size(),
      [&](Slot& slot, std::size_t first, std::size_t n) {
        fill(slot, product, first, n);
        start(slot, product, n);
      },
      [&](Slot& slot) { finish(slot, product); });
}

void CudaLane::test(GenotypeBatch const& batch, DeviceResults const& out) {
  check(cudaSetDevice(resident_.gpu), "select the GPU");
  in_pieces(
      batch.size(),
      [&](Slot& slot, std::size_t first, std::size_t n) { start_tests(slot, batch, first, n); },
      [&](Slot& slot) { finish_tests(slot, batch, out); });
}

void CudaLane::test_array(std::size_t first, std::size_t n, std::span<DeviceFit> fits,
                          std::span<std::uint8_t> is_flipped) {
  check(cudaSetDevice(resident_.gpu), "select the GPU");
  in_pieces(
      n,
      [&](Slot& slot, std::size_t at, std::size_t n_piece) {
        start_array_tests(slot, first + at, at, n_piece);
      },
      [&](Slot& slot) { finish_array_tests(slot, fits, is_flipped); });
}

/// Bring a piece to the device.
void CudaLane::queue_genotypes(Slot& slot, GenotypeBatch const& batch, std::size_t n) const {
  std::size_t const n_bytes = n * resident_.needs.row_bytes;
  std::memcpy(slot.genotypes.data(), genotypes_of(batch, slot.first), n_bytes);
  check(cudaMemcpyAsync(slot.device_genotypes.data(), slot.genotypes.data(), n_bytes,
                        cudaMemcpyHostToDevice, slot.stream.get()),
        "copy genotypes");
}

void CudaLane::fill(Slot& slot, Product const& product, std::size_t first, std::size_t n) const {
  GenotypeBatch const& batch = product.batch;
  SumRow* const rows = slot.rows.data();
  slot.first = first;
  slot.code_sums.clear();
  for (std::uint32_t i = 0; i < n; ++i) {
    bool const is_flipped = batch.is_flipped(first + i);
    rows[slot.code_sums.size()] = {i,
                                   is_flipped ? RowKind::other_counted : RowKind::effect_counted};
    slot.code_sums.push_back(
        sum_of_codes(batch, first + i, resident_.columns.rows(), resident_.columns.samples()));
  }
  for (std::uint32_t i = 0; product.sums_missing && i < n; ++i) {
    std::size_t const n_missing = batch.call_shape(first + i).n_missing;
    if (n_missing != 0) {
      rows[slot.code_sums.size()] = {i, RowKind::missing};
      slot.code_sums.push_back(static_cast<std::int64_t>(n_missing));
    }
  }
  slot.n_rows = slot.code_sums.size();
}

void CudaLane::start(Slot& slot, Product const& product, std::size_t n) const {
  cudaStream_t const stream = slot.stream.get();
  std::size_t const sum_bytes = slot.n_rows * resident_.needs.n_columns * sizeof(std::int64_t);
  queue_genotypes(slot, product.batch, n);
  check(cudaMemcpyAsync(slot.device_rows.data(), slot.rows.data(), slot.n_rows * sizeof(SumRow),
                        cudaMemcpyHostToDevice, stream),
        "copy the list of rows");
  queue_sums(slot, coding_of(product.batch), static_cast<unsigned>(slot.n_rows), nullptr, 0);
  check(cudaMemcpyAsync(slot.sums.data(), slot.device_sums.data(), sum_bytes,
                        cudaMemcpyDeviceToHost, stream),
        "copy sums");
  check(cudaEventRecord(slot.finished.get(), stream), "record an event");
}

/// Sum the rows that are listed on the device: `n_rows`, and as many as it finds at `n_more`, at
/// most `most_more`.
void CudaLane::queue_sums(Slot& slot, RowCoding coding, unsigned n_rows, unsigned const* n_more,
                          unsigned most_more) const {
  cudaStream_t const stream = slot.stream.get();
  unsigned const most_rows = n_rows + most_more;
  check(cudaMemsetAsync(slot.device_sums.data(), 0,
                        most_rows * resident_.needs.n_columns * sizeof(std::int64_t), stream),
        "clear sums");
  SumArguments const arguments{
      .genotypes = slot.device_genotypes.data(),
      .row_bytes = resident_.needs.row_bytes,
      .rows = slot.device_rows.data(),
      .digits = reinterpret_cast<unsigned char const*>(resident_.digits),
      .sums = slot.device_sums.data(),
      .n_more_rows = n_more,
      .n_rows = n_rows,
      .n_units = static_cast<unsigned>(resident_.layout.units()),
      .n_columns = static_cast<unsigned>(resident_.needs.n_columns),
  };
  check(launch_sum_rows(arguments, most_rows, coding.form(), stream), "start the sums");
}

void CudaLane::finish(Slot& slot, Product const& product) const {
  if (slot.n_rows == 0) {
    return;
  }
  check(cudaEventSynchronize(slot.finished.get()), "sum a piece");
  for (std::size_t row = 0; row < slot.n_rows; ++row) {
    check_row(slot, row);
    SumRow const of = slot.rows.data()[row];
    auto& to = of.kind == RowKind::missing ? product.out.missing : product.out.called;
    std::int64_t* const sums = slot.sums.data() + row * resident_.needs.n_columns;
    sums[resident_.layout.checksum_column()] = 0;
    resident_.columns.values(sums, to.data() + (slot.first + of.variant) * product.out.n_columns);
  }
  slot.n_rows = 0;
}

/// A lost copy, a stale buffer or a broken chip would be a wrong number that nobody sees.
void CudaLane::check_row(Slot const& slot, std::size_t row) const {
  check_sum(slot.sums.data()[row * resident_.needs.n_columns + resident_.layout.checksum_column()],
            static_cast<std::uint64_t>(slot.code_sums[row]));
}

void CudaLane::check_sum(std::int64_t found, std::uint64_t code_sum) const {
  // Modulo 2^64: what a broken device counted may be anything.
  auto const expected = static_cast<std::int64_t>(
      static_cast<std::uint64_t>(DigitColumns::checksum_value) * code_sum);
  if (found != expected) {
    throw Error("GPU " + std::to_string(resident_.gpu) + " summed the genotypes of a variant to " +
                std::to_string(found) + "; expected " + std::to_string(expected) +
                ". Do not trust this GPU: go on with --resume and --device cpu.");
  }
}

}  // namespace igwas::cuda
