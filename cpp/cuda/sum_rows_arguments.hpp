// What the kernel works on.
#pragma once

#include "tile_shape.hpp"

namespace igwas::cuda {

/// Addresses are of the device's memory.
struct SumArguments {
  unsigned char const* genotypes;  ///< (variants, row_bytes) as in a GenotypeBatch
  unsigned long long row_bytes;    ///< a multiple of 16
  SumRow const* rows;              ///< (n_rows, more rows)
  unsigned char const* digits;     ///< (column tiles, n_units, step_bytes) see DigitColumns
  unsigned long long* sums;        ///< (rows, n_columns) added to; zero before
  /// Rows behind the first n_rows, where only the device knows how many; null: none.
  unsigned const* n_more_rows;
  unsigned n_rows;
  unsigned n_units;
  unsigned n_columns;
};

}  // namespace igwas::cuda
