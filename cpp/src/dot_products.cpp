#include "igwas/dot_products.hpp"

#include "igwas/multiversion.hpp"

#include <algorithm>
#include <cstring>

namespace igwas {

namespace {

typedef double Lane __attribute__((vector_size(32), aligned(8), may_alias));
constexpr std::size_t lane = sizeof(Lane) / sizeof(double);

/// Columns that are summed together: their running sums stay in registers.
constexpr std::size_t strip = 32;

template <std::size_t width>
[[gnu::always_inline]] inline void add_weighted_strip(double const* tile, std::size_t stride,
                                                      std::uint16_t const* sample,
                                                      double const* weight, std::size_t n,
                                                      double* sums) {
  constexpr std::size_t lanes = width / lane;
  Lane total[lanes];
  for (std::size_t j = 0; j < lanes; ++j) {
    total[j] = *reinterpret_cast<Lane const*>(sums + j * lane);
  }
  for (std::size_t i = 0; i < n; ++i) {
    double const* row = tile + sample[i] * stride;
    double const w = weight[i];
    for (std::size_t j = 0; j < lanes; ++j) {
      total[j] += w * *reinterpret_cast<Lane const*>(row + j * lane);
    }
  }
  for (std::size_t j = 0; j < lanes; ++j) {
    *reinterpret_cast<Lane*>(sums + j * lane) = total[j];
  }
}

IGWAS_MULTIVERSION
void add_weighted_rows(double const* tile, std::size_t stride, std::size_t n_columns,
                       std::uint16_t const* sample, double const* weight, std::size_t n,
                       double* sums) {
  std::size_t column = 0;
  for (; column + strip <= n_columns; column += strip) {
    add_weighted_strip<strip>(tile + column, stride, sample, weight, n, sums + column);
  }
  for (; column < n_columns; column += column_multiple) {
    add_weighted_strip<column_multiple>(tile + column, stride, sample, weight, n, sums + column);
  }
}

}  // namespace

void multiply(GenotypeBatch const& batch, MatrixView<double const> columns, BatchProducts& out) {
  std::size_t const n_columns = columns.columns;
  out.n_columns = n_columns;
  out.called.assign(batch.size() * n_columns, 0.0);
  out.missing.assign(batch.size() * n_columns, 0.0);
  TileEntries entries;
  std::array<double, tile_samples> ones;
  ones.fill(1.0);
  for (std::size_t first = 0; first < columns.rows; first += tile_samples) {
    std::size_t const n = std::min(tile_samples, columns.rows - first);
    double const* tile = columns.row(first);
    for (std::size_t variant = 0; variant < batch.size(); ++variant) {
      batch.tile(variant, first, n, entries);
      add_weighted_rows(tile, columns.stride, n_columns, entries.sample.data(),
                        entries.weight.data(), entries.n, out.called.data() + variant * n_columns);
      if (entries.n_missing != 0) {
        add_weighted_rows(tile, columns.stride, n_columns, entries.missing_sample.data(),
                          ones.data(), entries.n_missing, out.missing.data() + variant * n_columns);
      }
    }
  }
}

}  // namespace igwas
