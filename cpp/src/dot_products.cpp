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

/// What a tile of samples adds to the sums of one variant.
void add_tile(GenotypeBatch const& batch, std::size_t variant, std::size_t first,
              MatrixView<double const> columns, TileEntries& entries, BatchProducts& out) {
  constexpr auto ones = [] {
    std::array<double, tile_samples> values{};
    values.fill(1.0);
    return values;
  }();
  double const* tile = columns.row(first);
  batch.tile(variant, first, std::min(tile_samples, columns.rows - first), entries);
  add_weighted_rows(tile, columns.stride, columns.columns, entries.sample.data(),
                    entries.weight.data(), entries.n,
                    out.called.data() + variant * columns.columns);
  if (entries.n_missing != 0) {
    add_weighted_rows(tile, columns.stride, columns.columns, entries.missing_sample.data(),
                      ones.data(), entries.n_missing,
                      out.missing.data() + variant * columns.columns);
  }
}

}  // namespace

void multiply(GenotypeBatch const& batch, MatrixView<double const> columns, BatchProducts& out) {
  out.n_columns = columns.columns;
  out.called.assign(batch.size() * columns.columns, 0.0);
  out.missing.assign(batch.size() * columns.columns, 0.0);
  TileEntries entries;
  for (std::size_t first = 0; first < columns.rows; first += tile_samples) {
    for (std::size_t variant = 0; variant < batch.size(); ++variant) {
      add_tile(batch, variant, first, columns, entries, out);
    }
  }
}

void multiply_variant(GenotypeBatch const& batch, std::size_t variant,
                      MatrixView<double const> columns, BatchProducts& out) {
  for (auto* sums : {&out.called, &out.missing}) {
    std::fill_n(sums->data() + variant * columns.columns, columns.columns, 0.0);
  }
  TileEntries entries;
  for (std::size_t first = 0; first < columns.rows; first += tile_samples) {
    add_tile(batch, variant, first, columns, entries, out);
  }
}

}  // namespace igwas
