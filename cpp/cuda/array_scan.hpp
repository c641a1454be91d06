// A scan of genotypes that lie on a GPU: they are read there, and the results stay there.
#pragma once

#include "device_array.hpp"
#include "igwas/scan.hpp"
#include "igwas/statistics_writer.hpp"
#include "igwas/thread_pool.hpp"

#include <cstddef>

namespace igwas::cuda {

/// Genotypes as the kernels see them.
struct ArrayGenotypes {
  ArrayRows rows;
  ArrayType type;
  std::size_t n_variants;
  std::size_t n_samples;
  int gpu;
};

/// \throws ShapeError if it has not two axes; InputError if it is not of int8, float32 or float64.
[[nodiscard]] ArrayGenotypes genotypes_in(ForeignArray const& array);

/// Results for which the host has no memory: (variants, phenotypes).
struct ArrayResults {
  DeviceArray beta;
  DeviceArray se;
  DeviceArray t;
  DeviceArray log10p;
  DeviceArray degrees_of_freedom;
};

/// Test every variant of an array; all has happened when this returns. Whole copies are summed as
/// hard calls, an array with a fraction anywhere as fine codes.
///
/// \param model its samples are places in a row of the array; nobody is haploid.
/// \param options of Precision::full and MissingCalls::mean.
/// \param small where counts and omnibus tests go; beta and se are not touched.
/// \throws InputError if a value is neither 0 to 2 nor missing: which is the first.
/// \throws DeviceUnavailable if results, columns or pieces do not fit the GPU's memory.
[[nodiscard]] ArrayResults scan_array(Context const& context, ArrayGenotypes const& genotypes,
                                      ScanModel const& model, ScanOptions const& options,
                                      StatisticsArrays const& small, Watch const& watch);

}  // namespace igwas::cuda
