#include "igwas/fixed_products.hpp"

#include "igwas/dot_products.hpp"
#include "kernels/fixed_kernels.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace igwas {

using kernels::fixed_kernels;
using kernels::FixedKernels;

namespace {

constexpr std::size_t page = std::size_t{2} << 20;
constexpr std::size_t cache_line = 64;

/// A limb is at most 2^20: 2047 of them, the most between two carries, fit a signed 32-bit sum.
constexpr int limb_bits = 20;
constexpr std::uint32_t most_weight = 2047;

constexpr std::size_t block_words = kernels::block_samples / calls_per_word;
constexpr std::size_t list_tiles = kernels::block_samples / kernels::list_tile;

/// A bit plane that goes through tables.
struct Plane {
  std::uint32_t variant;
  bool is_pairs;
};

/// A sum that goes through lists: which variant, and which of its sums.
struct ListRow {
  std::uint32_t variant;
  bool is_missing;
  bool lists_singles;
};

}  // namespace

template <typename T>
void AlignedBuffer<T>::Free::operator()(T* pointer) const noexcept {
  std::free(pointer);
}

template <typename T>
void AlignedBuffer<T>::resize(std::size_t n) {
  size_ = n;
  if (n <= capacity_) {
    return;
  }
  std::size_t const bytes = n * sizeof(T);
  std::size_t const alignment = bytes >= page ? page : cache_line;
  std::size_t const rounded = (bytes + alignment - 1) / alignment * alignment;
  data_.reset();
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) {
    capacity_ = 0;
    throw std::bad_alloc();
  }
#if defined(__linux__)
  if (alignment == page) {
    // A hint: without huge pages the gathers of rows miss the address cache.
    ::madvise(memory, rounded, MADV_HUGEPAGE);
  }
#endif
  std::memset(memory, 0, rounded);
  data_.reset(static_cast<T*>(memory));
  capacity_ = n;
}

template class AlignedBuffer<std::int32_t>;
template class AlignedBuffer<std::int64_t>;
template class AlignedBuffer<std::uint16_t>;

FixedColumns::FixedColumns(MatrixView<double const> columns, std::span<std::uint8_t const> limbs)
    : rows_(columns.rows), unit_(columns.columns, 1.0), low_limb_(columns.columns, 0) {
  std::vector<double> largest(columns.columns, 0.0);
  for (std::size_t i = 0; i < rows_; ++i) {
    double const* row = columns.row(i);
    for (std::size_t k = 0; k < columns.columns; ++k) {
      largest[k] = std::max(largest[k], std::abs(row[k]));
    }
  }
  std::size_t width = columns.columns;
  std::vector<double> scale(columns.columns, 0.0);
  for (std::size_t k = 0; k < columns.columns; ++k) {
    if (limbs[k] == 2) {
      low_limb_[k] = width++;
    }
    if (largest[k] > 0) {
      // largest < 2^exponent, so that the high limb is at most 2^limb_bits.
      int const exponent = std::ilogb(largest[k]) + 1;
      int const bits = limbs[k] * limb_bits;
      unit_[k] = std::ldexp(1.0, exponent - bits);
      scale[k] = std::ldexp(1.0, bits - exponent);
    }
  }
  stride_ = (width + kernels::strip_columns - 1) / kernels::strip_columns * kernels::strip_columns;
  values_.resize(rows_ * stride_);
  for (std::size_t i = 0; i < rows_; ++i) {
    double const* row = columns.row(i);
    std::int32_t* out = values_.data() + i * stride_;
    for (std::size_t k = 0; k < columns.columns; ++k) {
      std::int64_t const whole = std::llrint(row[k] * scale[k]);
      if (low_limb_[k] == 0) {
        out[k] = static_cast<std::int32_t>(whole);
        continue;
      }
      // To the nearest, so that the low limb is at most half a unit of the high one.
      std::int64_t const high = (whole + (std::int64_t{1} << (limb_bits - 1))) >> limb_bits;
      out[k] = static_cast<std::int32_t>(high);
      out[low_limb_[k]] = static_cast<std::int32_t>(whole - (high << limb_bits));
    }
  }
}

double FixedColumns::value(std::size_t k, std::int64_t const* sums) const noexcept {
  // At most 2^41 x 2^20 for a million samples: no overflow.
  std::int64_t const whole =
      low_limb_[k] == 0 ? sums[k] : sums[k] * (std::int64_t{1} << limb_bits) + sums[low_limb_[k]];
  return static_cast<double>(whole) * unit_[k];
}

namespace {

/// One product; its members are steps over the same state.
class FixedProduct {
 public:
  FixedProduct(GenotypeBatch const& batch, FixedColumns const& columns, FixedScratch& scratch)
      : batch_(batch),
        columns_(columns),
        scratch_(scratch),
        kernel_(fixed_kernels()),
        stride_(columns.stride()) {}

  void run(FixedCrossover crossover) {
    choose(crossover);
    std::size_t const n_sums = 2 * batch_.size() * stride_;
    scratch_.total.resize(n_sums);
    scratch_.partial.resize(n_sums);
    std::fill_n(scratch_.total.data(), n_sums, std::int64_t{0});
    std::fill_n(scratch_.partial.data(), n_sums, std::int32_t{0});
    scratch_.weight.assign(2 * batch_.size(), 0);
    for (std::size_t first = 0; first < columns_.rows(); first += kernels::block_samples) {
      std::size_t const n = std::min(kernels::block_samples, columns_.rows() - first);
      add_lists(first, n);
      add_tables(first, n);
    }
    for (ListRow const& row : lists_) {
      carry(sum_index(row));
    }
  }

 private:
  [[nodiscard]] std::size_t sum_index(ListRow const& row) const noexcept {
    return row.variant + (row.is_missing ? batch_.size() : 0);
  }

  void choose(FixedCrossover crossover) {
    auto const n = static_cast<double>(columns_.rows());
    for (std::uint32_t v = 0; v < batch_.size(); ++v) {
      GenotypeBatch::CallShape const shape = batch_.call_shape(v);
      bool const uses_table = static_cast<double>(shape.n_counted) > crossover.list_share * n;
      bool const has_pairs_table =
          uses_table && static_cast<double>(shape.n_pairs) > crossover.pair_share * n;
      if (uses_table) {
        planes_.push_back({v, false});
      }
      if (has_pairs_table) {
        planes_.push_back({v, true});
      } else {
        lists_.push_back({v, false, !uses_table});
      }
      if (shape.n_missing != 0) {
        lists_.push_back({v, true, false});
      }
    }
  }

  void carry(std::size_t sum) {
    kernel_.carry(scratch_.partial.data() + sum * stride_, scratch_.total.data() + sum * stride_,
                  stride_);
    scratch_.weight[sum] = 0;
  }

  [[nodiscard]] std::uint64_t const* words(std::uint32_t variant, std::size_t first) const {
    return batch_.calls(variant).data() + first / calls_per_word;
  }

  /// Write the entries of some rows, tile after tile, then add them tile by tile.
  void add_lists(std::size_t first, std::size_t n) {
    constexpr std::size_t group = 256;
    // A sample is listed twice at most.
    constexpr std::size_t tile_capacity = group * 2 * kernels::list_tile;
    scratch_.entry.resize(list_tiles * tile_capacity);
    scratch_.entry_count.resize(group * list_tiles);
    for (std::size_t from = 0; from < lists_.size(); from += group) {
      std::span<ListRow const> const rows =
          std::span(lists_).subspan(from, std::min(group, lists_.size() - from));
      write_entries(rows, first, n, tile_capacity);
      for (std::size_t tile = 0; tile * kernels::list_tile < n; ++tile) {
        add_tile(rows, first + tile * kernels::list_tile, tile,
                 scratch_.entry.data() + tile * tile_capacity);
      }
    }
  }

  void write_entries(std::span<ListRow const> rows, std::size_t first, std::size_t n,
                     std::size_t tile_capacity) {
    std::array<std::uint16_t*, list_tiles> end;
    for (std::size_t tile = 0; tile < list_tiles; ++tile) {
      end[tile] = scratch_.entry.data() + tile * tile_capacity;
    }
    std::size_t const n_words = words_for(n);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::uint16_t* count = scratch_.entry_count.data() + i * list_tiles;
      std::fill_n(count, list_tiles, std::uint16_t{0});
      ListRow const& row = rows[i];
      if (row.is_missing) {
        list_missing(row.variant, first, n, end.data(), count);
      } else {
        kernel_.list_calls(words(row.variant, first), n_words, batch_.is_flipped(row.variant),
                           row.lists_singles, end.data(), count);
      }
      for (std::size_t tile = 0; tile < list_tiles; ++tile) {
        end[tile] += count[tile];
      }
    }
  }

  /// Missing calls of real samples: those past the last one are missing by construction.
  void list_missing(std::uint32_t variant, std::size_t first, std::size_t n,
                    std::uint16_t* const* end, std::uint16_t* count) {
    std::size_t const n_words = words_for(n);
    kernel_.list_missing(words(variant, first), n_words, end, count);
    std::size_t const past = n_words * calls_per_word - n;
    count[(n_words - 1) / (kernels::list_tile / calls_per_word)] = static_cast<std::uint16_t>(
        count[(n_words - 1) / (kernels::list_tile / calls_per_word)] - past);
  }

  void add_tile(std::span<ListRow const> rows, std::size_t first, std::size_t tile,
                std::uint16_t const* entry) {
    std::int32_t const* samples = columns_.data() + first * stride_;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::uint16_t const n = scratch_.entry_count[i * list_tiles + tile];
      if (n == 0) {
        continue;
      }
      std::size_t const sum = sum_index(rows[i]);
      if (scratch_.weight[sum] + n > most_weight) {
        carry(sum);
      }
      scratch_.weight[sum] += n;
      kernel_.add_rows(samples, stride_, stride_, entry, n,
                       scratch_.partial.data() + sum * stride_);
      entry += n;
    }
  }

  void add_tables(std::size_t first, std::size_t n) {
    if (planes_.empty()) {
      return;
    }
    write_codes(first, n);
    std::size_t const n_planes = planes_.size();
    scratch_.strip.resize(n_planes * kernels::strip_columns);
    scratch_.table.resize(kernels::n_tables * kernels::table_rows * kernels::strip_columns);
    for (std::size_t column = 0; column < stride_; column += kernels::strip_columns) {
      std::fill_n(scratch_.strip.data(), n_planes * kernels::strip_columns, std::int32_t{0});
      std::size_t weight = 0;
      for (std::size_t start = 0; start < n; start += kernels::codes_samples) {
        if (weight + kernels::codes_samples > most_weight) {
          carry_strip(column);
          weight = 0;
        }
        weight += kernels::codes_samples;
        std::size_t const used = std::min(kernels::codes_samples, n - start);
        kernel_.build_tables(columns_.data() + (first + start) * stride_ + column, stride_, used,
                             scratch_.table.data());
        std::size_t const codes = start / kernels::codes_samples;
        kernel_.look_up(scratch_.table.data(),
                        scratch_.code.data() + codes * n_planes * kernels::n_tables, n_planes,
                        scratch_.strip.data());
      }
      carry_strip(column);
    }
  }

  void carry_strip(std::size_t column) {
    for (std::size_t p = 0; p < planes_.size(); ++p) {
      kernel_.carry(scratch_.strip.data() + p * kernels::strip_columns,
                    scratch_.total.data() + planes_[p].variant * stride_ + column,
                    kernels::strip_columns);
    }
  }

  /// Six bits of each plane to an offset, eight offsets to a code.
  void write_codes(std::size_t first, std::size_t n) {
    std::size_t const n_planes = planes_.size();
    std::size_t const n_codes = (n + kernels::codes_samples - 1) / kernels::codes_samples;
    scratch_.code.resize(n_codes * n_planes * kernels::n_tables);
    // Two words more than the block: the last code is read as eight bytes.
    std::array<std::uint32_t, block_words + 2> bits;
    for (std::size_t p = 0; p < n_planes; ++p) {
      bits.fill(0);
      kernel_.plane(words(planes_[p].variant, first), words_for(n),
                    batch_.is_flipped(planes_[p].variant), planes_[p].is_pairs, bits.data());
      kernel_.encode(bits.data(), n_codes, scratch_.code.data() + p * kernels::n_tables,
                     n_planes * kernels::n_tables);
    }
  }

  GenotypeBatch const& batch_;
  FixedColumns const& columns_;
  FixedScratch& scratch_;
  FixedKernels const& kernel_;
  std::size_t stride_;
  std::vector<Plane> planes_;
  std::vector<ListRow> lists_;
};

}  // namespace

char const* simd_level() noexcept { return fixed_kernels().name; }

void multiply_fixed(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                    FixedScratch& scratch, FixedCrossover crossover) {
  FixedProduct(batch, columns, scratch).run(crossover);
  std::size_t const n_columns = columns.columns();
  std::size_t const stride = columns.stride();
  out.n_columns = n_columns;
  out.called.resize(batch.size() * n_columns);
  out.missing.resize(batch.size() * n_columns);
  for (std::size_t v = 0; v < batch.size(); ++v) {
    std::int64_t const* called = scratch.total.data() + v * stride;
    std::int64_t const* missing = scratch.total.data() + (batch.size() + v) * stride;
    for (std::size_t k = 0; k < n_columns; ++k) {
      out.called[v * n_columns + k] = columns.value(k, called);
      out.missing[v * n_columns + k] = columns.value(k, missing);
    }
  }
}

}  // namespace igwas
