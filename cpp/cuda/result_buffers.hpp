// What a piece under test has beside its genotypes and sums.
#pragma once

#include "memory_plan.hpp"
#include "runtime.hpp"
#include "test_arguments.hpp"

#include <cstddef>

namespace igwas::cuda {

/// How many of each a variant has.
struct ResultShape {
  std::size_t n_sets;
  std::size_t n_masks;
  std::size_t n_phenotypes;
};

struct ResultBuffers {
  ResultBuffers() = default;
  ResultBuffers(ResultShape const& shape, std::size_t n_columns, std::size_t piece_rows);

  // Of the device alone.
  DeviceBuffer<double> products;
  DeviceBuffer<unsigned> word_sums;
  DeviceBuffer<unsigned> missing_row;
  DeviceBuffer<unsigned> n_missing;
  // Copied back.
  DeviceBuffer<SetSums> device_counts;
  DeviceBuffer<FitSums> device_fits;
  DeviceBuffer<RowCheck> device_checks;
  DeviceBuffer<double> device_beta;
  DeviceBuffer<double> device_se;
  PinnedBuffer<SetSums> counts;
  PinnedBuffer<FitSums> fits;
  PinnedBuffer<RowCheck> checks;
  PinnedBuffer<double> beta;
  PinnedBuffer<double> se;
};

/// Bytes of a variant on the device.
[[nodiscard]] std::size_t test_bytes(ResultShape const& shape, std::size_t n_columns) noexcept;

}  // namespace igwas::cuda
