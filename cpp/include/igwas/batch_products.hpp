// Products of chosen variants with the columns of a model, read first and timed apart from reading.
#pragma once

#include "igwas/context.hpp"
#include "igwas/device.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/genotype_source.hpp"
#include "igwas/scan.hpp"
#include "igwas/scan_model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace igwas {

struct TimedProducts {
  BatchProducts products;       ///< rows in the order they were asked for
  std::vector<double> seconds;  ///< (repeats) of the product alone, batches in memory
};

/// Read genotypes, then multiply them as the scan does, `repeats` times, a batch a task.
///
/// Sums are in codes of the allele that is counted: the rarer one (GenotypeBatch::is_flipped).
///
/// \param source of hard calls or of a file's dosages; ShapeError for others.
/// \param rows ascending rows of the source; ShapeError if there are none or one is outside it.
/// \param device makes the products; null: the threads do.
[[nodiscard]] TimedProducts multiply_rows(Context const& context, GenotypeSource const& source,
                                          ScanModel const& model,
                                          std::span<std::int64_t const> rows, Precision precision,
                                          std::size_t repeats, Device const* device = nullptr);

}  // namespace igwas
