#include "igwas/fixed_products.hpp"

#include "kernels/fixed_kernels.hpp"
#include "product_sums.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace igwas {

using kernels::fixed_kernels;
using kernels::FixedKernels;

namespace {

constexpr std::size_t list_tiles = kernels::block_samples / kernels::list_tile;

/// Variants whose lists are written together, then added tile by tile.
constexpr std::size_t list_group = 256;

// A sample is counted twice at most.
constexpr std::size_t counted_capacity = list_group * 2 * kernels::list_tile + kernels::list_slack;
constexpr std::size_t missing_capacity = list_group * kernels::list_tile + kernels::list_slack;
constexpr std::size_t tile_capacity = counted_capacity + missing_capacity;

/// A variant with lists, and which.
struct ListRow {
  std::uint32_t variant;
  bool lists_counted;
  bool lists_missing;
};

/// One product; its members are steps over the same state.
class FixedProduct {
 public:
  FixedProduct(GenotypeBatch const& batch, FixedColumns const& columns, FixedScratch& scratch,
               std::span<std::uint8_t const> is_left_out)
      : batch_(batch),
        columns_(columns),
        scratch_(scratch),
        is_left_out_(is_left_out),
        kernel_(fixed_kernels()),
        stride_(columns.stride()),
        sums_(scratch.sums, 2 * batch.size(), stride_) {}

  void run(bool sums_missing, FixedCrossover crossover) {
    choose(sums_missing, crossover);
    scratch_.table.resize(kernels::n_tables * kernels::table_ints);
    scratch_.strip.resize(tables_.size() * kernels::strip_columns);
    std::fill_n(scratch_.strip.data(), scratch_.strip.size(), std::int32_t{0});
    scratch_.table_total.resize(tables_.size() * stride_);
    std::fill_n(scratch_.table_total.data(), scratch_.table_total.size(), std::int64_t{0});
    for (std::size_t first = 0; first < columns_.rows(); first += kernels::block_samples) {
      std::size_t const n = std::min(kernels::block_samples, columns_.rows() - first);
      add_lists(first, n);
      for (std::size_t start = 0; start < n; start += kernels::table_block) {
        add_tables(first + start, std::min(kernels::table_block, n - start));
      }
    }
    move_table_totals();
    for (ListRow const& row : lists_) {
      sums_.carry(row.variant);
      sums_.carry(batch_.size() + row.variant);
    }
  }

 private:
  void choose(bool sums_missing, FixedCrossover crossover) {
    bool const has_tables = tables_pay(crossover);
    for (std::uint32_t v = 0; v < batch_.size(); ++v) {
      bool const uses_table =
          has_tables && !is_left_out(v) && n_entries(v) > most_entries(crossover);
      bool const lists_missing = sums_missing && batch_.call_shape(v).n_missing != 0;
      if (uses_table) {
        tables_.push_back(v);
      }
      bool const lists_counted = !uses_table && !is_left_out(v);
      if (lists_counted || lists_missing) {
        lists_.push_back({v, lists_counted, lists_missing});
      }
    }
  }

  [[nodiscard]] bool is_left_out(std::uint32_t variant) const {
    return !is_left_out_.empty() && is_left_out_[variant] != 0;
  }

  [[nodiscard]] double n_entries(std::uint32_t variant) const {
    if (is_left_out(variant)) {
      return 0;
    }
    GenotypeBatch::CallShape const shape = batch_.call_shape(variant);
    return static_cast<double>(shape.n_counted + shape.n_pairs);
  }

  [[nodiscard]] double most_entries(FixedCrossover crossover) const {
    return crossover.list_share * static_cast<double>(columns_.samples());
  }

  /// Whether what tables save is more than it costs to build them once for the batch.
  [[nodiscard]] bool tables_pay(FixedCrossover crossover) const {
    double saved = 0;
    for (std::uint32_t v = 0; v < batch_.size(); ++v) {
      saved += std::max(0.0, n_entries(v) - most_entries(crossover));
    }
    return saved > crossover.build_share * static_cast<double>(columns_.samples());
  }

  [[nodiscard]] std::uint64_t const* words(std::uint32_t variant, std::size_t first) const {
    return batch_.padded_calls(variant) + first / calls_per_word;
  }

  [[nodiscard]] std::uint16_t* counted_entries(std::size_t tile) {
    return scratch_.entry.data() + tile * tile_capacity;
  }
  [[nodiscard]] std::uint16_t* missing_entries(std::size_t tile) {
    return counted_entries(tile) + counted_capacity;
  }

  /// Write the entries of some variants, then add them tile by tile.
  void add_lists(std::size_t first, std::size_t n) {
    scratch_.entry.resize(list_tiles * tile_capacity);
    scratch_.entry_count.resize(2 * list_group * list_tiles);
    for (std::size_t from = 0; from < lists_.size(); from += list_group) {
      std::span<ListRow const> const rows =
          std::span(lists_).subspan(from, std::min(list_group, lists_.size() - from));
      write_entries(rows, first, n);
      for (std::size_t tile = 0; tile * kernels::list_tile < n; ++tile) {
        add_tile(rows, first + tile * kernels::list_tile, tile);
      }
    }
  }

  void write_entries(std::span<ListRow const> rows, std::size_t first, std::size_t n) {
    std::array<std::uint16_t*, list_tiles> counted;
    std::array<std::uint16_t*, list_tiles> missing;
    for (std::size_t tile = 0; tile < list_tiles; ++tile) {
      counted[tile] = counted_entries(tile);
      missing[tile] = missing_entries(tile);
    }
    std::fill_n(scratch_.entry_count.data(), 2 * rows.size() * list_tiles, std::uint16_t{0});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ListRow const& row = rows[i];
      if (i + 1 < rows.size()) {
        prefetch(words(rows[i + 1].variant, first), n / calls_per_word);
      }
      std::uint16_t* const count = scratch_.entry_count.data() + 2 * i * list_tiles;
      kernel_.list(words(row.variant, first), n / calls_per_word, batch_.is_flipped(row.variant),
                   {row.lists_counted ? counted.data() : nullptr,
                    row.lists_missing ? missing.data() : nullptr, count, count + list_tiles});
    }
  }

  void add_tile(std::span<ListRow const> rows, std::size_t first, std::size_t tile) {
    std::int32_t const* const samples = columns_.data() + first * stride_;
    std::uint16_t const* counted = counted_entries(tile);
    std::uint16_t const* missing = missing_entries(tile);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::uint16_t const* const count = scratch_.entry_count.data() + 2 * i * list_tiles + tile;
      add_entries(samples, counted, count[0], rows[i].variant);
      add_entries(samples, missing, count[list_tiles], batch_.size() + rows[i].variant);
      counted += count[0];
      missing += count[list_tiles];
    }
  }

  void add_entries(std::int32_t const* samples, std::uint16_t const* entry, std::uint16_t n,
                   std::size_t sum) {
    if (n != 0) {
      kernel_.add_rows(samples, stride_, stride_, entry, n, sums_.room_for(sum, n));
    }
  }

  /// Add a table block of samples to the sums of the variants that use tables.
  void add_tables(std::size_t first, std::size_t n) {
    std::size_t const n_variants = tables_.size();
    if (n_variants == 0) {
      return;
    }
    std::size_t const n_groups = n / kernels::group_samples;
    std::size_t const group_codes = n_variants * kernels::n_tables;
    write_codes(first, n, group_codes);
    for (std::size_t column = 0; column < stride_; column += kernels::strip_columns) {
      std::int32_t const* const rows = columns_.data() + first * stride_ + column;
      for (std::size_t group = 0; group < n_groups; ++group) {
        kernel_.build_tables(rows, stride_, group, scratch_.table.data());
        kernel_.look_up(scratch_.table.data(), scratch_.code.data() + group * group_codes,
                        n_variants, scratch_.strip.data());
      }
      kernel_.carry(scratch_.strip.data(), scratch_.table_total.data() + column * n_variants,
                    n_variants * kernels::strip_columns);
    }
  }

  void write_codes(std::size_t first, std::size_t n, std::size_t group_codes) {
    scratch_.code.resize(n / kernels::group_samples * group_codes);
    std::array<std::uint64_t const*, kernels::encode_variants> rows;
    std::array<bool, kernels::encode_variants> is_flipped;
    for (std::size_t from = 0; from < tables_.size(); from += rows.size()) {
      std::size_t const n_rows = std::min(rows.size(), tables_.size() - from);
      for (std::size_t i = 0; i < n_rows; ++i) {
        rows[i] = words(tables_[from + i], first);
        is_flipped[i] = batch_.is_flipped(tables_[from + i]);
      }
      kernel_.encode(rows.data(), is_flipped.data(), n_rows, n / kernels::byte_samples,
                     scratch_.code.data() + from * kernels::n_tables, group_codes);
    }
  }

  /// From strip by strip, as tables are used, to row by row.
  void move_table_totals() {
    std::size_t const n_variants = tables_.size();
    for (std::size_t column = 0; column < stride_; column += kernels::strip_columns) {
      std::int64_t const* from = scratch_.table_total.data() + column * n_variants;
      for (std::uint32_t const variant : tables_) {
        std::copy_n(from, kernels::strip_columns, sums_.total(variant) + column);
        from += kernels::strip_columns;
      }
    }
  }

  GenotypeBatch const& batch_;
  FixedColumns const& columns_;
  FixedScratch& scratch_;
  std::span<std::uint8_t const> is_left_out_;
  FixedKernels const& kernel_;
  std::size_t stride_;
  ProductSums<std::int32_t> sums_;
  std::vector<std::uint32_t> tables_;
  std::vector<ListRow> lists_;
};

}  // namespace

char const* simd_level() noexcept { return fixed_kernels().name; }

void sum_calls(GenotypeBatch const& batch, FixedColumns const& columns, FixedScratch& scratch,
               std::span<std::uint8_t const> is_left_out, bool sums_missing,
               FixedCrossover crossover) {
  FixedProduct(batch, columns, scratch, is_left_out).run(sums_missing, crossover);
}

void multiply_fixed(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                    FixedScratch& scratch, bool sums_missing, FixedCrossover crossover) {
  sum_calls(batch, columns, scratch, {}, sums_missing, crossover);
  write_products(columns, batch.size(), scratch.sums.total.data(), out);
}

}  // namespace igwas
