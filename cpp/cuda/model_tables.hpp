// A scan's tests as tables in a device's memory.
#pragma once

#include "igwas/device_tests.hpp"
#include "igwas/fixed_columns.hpp"
#include "result_buffers.hpp"
#include "runtime.hpp"
#include "test_arguments.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace igwas::cuda {

/// Tables on the host: what of a model the kernels read.
struct HostTables {
  /// \throws DeviceUnavailable if there are more masks than a launch can have.
  HostTables(DeviceTests const& tests, FixedColumns const& columns);

  std::vector<unsigned> sets;  ///< (n_sets, n_words) the first is everybody; none is there twice
  std::size_t n_sets = 0;
  std::size_t n_words = 0;
  std::vector<MaskTable> masks;
  std::vector<double> unit;
  std::vector<unsigned> low_limb;
  std::vector<double> response_squares;
  std::vector<unsigned> output_column;
  std::vector<unsigned> omnibus_column;
  std::vector<double> factor;

  [[nodiscard]] ResultShape shape(DeviceTests const& tests) const noexcept {
    return {n_sets, masks.size(), tests.n_phenotypes};
  }
  /// Bytes of all of them.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  [[nodiscard]] unsigned set_of(std::vector<std::uint64_t> const& members);
  void add_mask(DeviceTests const& tests, std::size_t mask);
};

/// The same on the current device.
class ModelTables {
 public:
  ModelTables(DeviceTests const& tests, HostTables const& host);

  [[nodiscard]] DeviceTests const& tests() const noexcept { return tests_; }
  [[nodiscard]] ResultShape shape() const noexcept {
    return {n_sets_, tests_.model.masks.size(), tests_.n_phenotypes};
  }
  /// Set of each mask.
  [[nodiscard]] std::size_t set_of(std::size_t mask) const noexcept { return set_of_mask_[mask]; }
  /// Stretches of output columns that some mask fills: (first, how many).
  [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> const& stretches() const noexcept {
    return stretches_;
  }

  /// Fill in what is of the tables.
  void describe(CountArguments& to) const noexcept;
  void describe(TestArguments& to) const noexcept;

 private:
  DeviceTests const& tests_;
  std::size_t n_sets_;
  std::size_t n_words_;
  std::vector<std::size_t> set_of_mask_;
  std::vector<std::pair<std::size_t, std::size_t>> stretches_;
  DeviceBuffer<unsigned> sets_;
  DeviceBuffer<MaskTable> masks_;
  DeviceBuffer<double> unit_;
  DeviceBuffer<unsigned> low_limb_;
  DeviceBuffer<double> response_squares_;
  DeviceBuffer<unsigned> output_column_;
  DeviceBuffer<unsigned> omnibus_column_;
  DeviceBuffer<double> factor_;
};

}  // namespace igwas::cuda
