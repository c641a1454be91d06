// Sums over genotypes made by something else than the threads of the scan: a GPU.
//
// The core knows only this face; what is behind it is another library (cpp/cuda).
#pragma once

#include "igwas/fixed_columns.hpp"
#include "igwas/genotype_batch.hpp"

#include <cstddef>
#include <memory>

namespace igwas {

struct BatchProducts;
struct DeviceResults;
struct DeviceTests;

/// Makes the products, or the tests, of one thread's batches.
class DeviceLane {
 public:
  virtual ~DeviceLane() = default;

  /// Fill `out` like multiply_exactly() does, from the same integers.
  ///
  /// \param batch of the kind that the columns were loaded for, prepared.
  /// \param sums_missing false leaves `out.missing` at zero: nobody reads it.
  virtual void multiply(GenotypeBatch const& batch, BatchProducts& out, bool sums_missing) = 0;

  /// Count, multiply and test: what VariantTest makes of the batch up to VariantTest::conclude().
  /// Only where the columns were loaded with tests.
  ///
  /// \param batch of the kind that the columns were loaded for, as the source filled it; nobody is
  /// haploid.
  virtual void test(GenotypeBatch const& batch, DeviceResults const& out) = 0;
};

/// The columns of a model in a device's memory.
class DeviceColumns {
 public:
  virtual ~DeviceColumns() = default;

  /// A lane for worker number `worker`, which opens no other. The columns outlive it.
  [[nodiscard]] virtual std::unique_ptr<DeviceLane> open_lane(std::size_t worker) const = 0;
};

class Device {
 public:
  virtual ~Device() = default;

  /// Workers to run beside one for each core, so that somebody waits for the device while the
  /// others read and test.
  [[nodiscard]] virtual std::size_t n_waiting_workers() const noexcept = 0;

  /// \param columns outlive what is returned.
  /// \param kind what batches hold; not values.
  /// \param n_lanes workers that will open a lane.
  /// \param tests outlive what is returned; null: lanes are not asked to test.
  /// \throws DeviceUnavailable if they do not fit the device's memory.
  [[nodiscard]] virtual std::unique_ptr<DeviceColumns> load(Context const& context,
                                                            FixedColumns const& columns,
                                                            GenotypeBatch::Kind kind,
                                                            std::size_t n_lanes,
                                                            DeviceTests const* tests) const = 0;
};

}  // namespace igwas
