// What a device must do, whichever it is: one body for a GPU, and for its simulation on a CPU.
#pragma once

#include "check.hpp"
#include "igwas/device.hpp"
#include "igwas/device_tests.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/exact_products.hpp"
#include "igwas/scan.hpp"
#include "product_cases.hpp"
#include "scan_cases.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace igwas::testing {

/// What a device sums.
inline constexpr std::array<GenotypeBatch::Kind, 4> device_kinds = {
    GenotypeBatch::Kind::calls, GenotypeBatch::Kind::bytes, GenotypeBatch::Kind::codes,
    GenotypeBatch::Kind::fine};

/// A source of rows, and what it reads from.
struct HeldSource {
  std::unique_ptr<TemporaryFile> file;
  std::vector<double> values;
  std::unique_ptr<GenotypeSource> source;
};

/// Rows that go to a device as a kind; of fine codes some are fractions.
inline HeldSource source_of(Rows const& rows, GenotypeBatch::Kind kind) {
  HeldSource held;
  if (kind == GenotypeBatch::Kind::fine) {
    for (auto const& row : rows) {
      held.values.insert(held.values.end(), row.begin(), row.end());
    }
    std::size_t const n = rows.front().size();
    held.source = make_array_source(MatrixView<double const>{held.values.data(), rows.size(), n, n},
                                    Fractions::fine);
    return held;
  }
  auto [index, bytes] = raw_chunks(rows, encoding_of(kind), 7);
  held.file = std::make_unique<TemporaryFile>(bytes);
  index.path = held.file->path();
  held.source = make_file_source(index);
  return held;
}

/// Rows in which one variant has fractions of copies.
inline Rows with_fractions(Rows rows, std::size_t variant) {
  for (double& copies : rows[variant]) {
    copies = std::isnan(copies) ? no_call : copies * 0.37;
  }
  return rows;
}

/// Largest weights and values, of one sign: sums as far from zero as they can be. The last row has
/// the largest code in its first half: with more of it the other allele would be counted.
inline ProductCase extreme_case(std::size_t n_samples, GenotypeBatch::Kind kind) {
  ProductCase made = product_case(n_samples, 8, 4, kind);
  for (std::size_t i = 0; i < made.columns.size(); ++i) {
    made.columns[i] = i % 8 < 4 ? 1.0 : -1.0;
  }
  // One copy; of two bytes and more, the largest low ones too.
  double one = kind == GenotypeBatch::Kind::codes ? 0x7EFF / 32767.0 : 1.0;
  one = kind == GenotypeBatch::Kind::fine ? 0x1FFFFF * fine_scale : one;
  fill_row(made.batch, 1, std::vector<double>(n_samples, one));
  fill_row(made.batch, 2, std::vector<double>(n_samples, 2.0));
  std::vector<double> half(n_samples, 0.0);
  std::fill_n(half.begin(), n_samples / 2, 2.0);
  fill_row(made.batch, 3, half);
  prepare_all(made);
  return made;
}

inline BatchProducts product_on_cpu(GenotypeBatch const& of, FixedColumns const& columns,
                                    bool sums_missing = true) {
  BatchProducts out;
  ExactScratch scratch;
  multiply_exactly(of, columns, out, scratch, sums_missing);
  return out;
}

inline bool same_bits(std::vector<double> const& a, std::vector<double> const& b) {
  return std::ranges::equal(
      a, b, {}, [](double x) { return std::bit_cast<std::uint64_t>(x); },
      [](double x) { return std::bit_cast<std::uint64_t>(x); });
}

/// Twice on every lane: what a first batch leaves must not reach the second.
inline void check_same_products(Device const& device, ProductCase const& of, std::uint8_t limbs,
                                bool sums_missing = true, std::size_t n_lanes = 2) {
  FixedColumns const columns = columns_of(of, limbs);
  auto const resident = device.load(Context{1}, columns, of.batch.kind(), n_lanes, nullptr);
  BatchProducts const expected = product_on_cpu(of.batch, columns, sums_missing);
  for (std::size_t worker = 0; worker < n_lanes; ++worker) {
    auto const lane = resident->open_lane(worker);
    for (int repeat = 0; repeat < 2; ++repeat) {
      BatchProducts out;
      lane->multiply(of.batch, out, sums_missing);
      CHECK(out.n_columns == expected.n_columns);
      CHECK(same_bits(out.called, expected.called));
      CHECK(same_bits(out.missing, expected.missing));
    }
  }
}

/// Around the edges of words, steps, splits and tiles.
inline std::vector<ProductSize> const& edge_sizes() {
  static std::vector<ProductSize> const sizes = {{1, 8, 1},     {63, 8, 5},    {64, 16, 33},
                                                 {65, 24, 128}, {191, 40, 31}, {193, 8, 129},
                                                 {385, 32, 17}};
  return sizes;
}

inline void products_are_the_bits_of_the_cpu(Device const& device,
                                             std::vector<ProductSize> const& sizes) {
  for (ProductSize const& size : sizes) {
    for (auto const kind : device_kinds) {
      ProductCase const of = product_case(size.n_samples, size.n_columns, size.n_variants, kind);
      check_same_products(device, of, 1);
      check_same_products(device, of, 2);
      check_same_products(device, of, 1, false);
    }
  }
}

inline void largest_sums_do_not_overflow(Device const& device, std::size_t n_samples) {
  for (auto const kind : device_kinds) {
    check_same_products(device, extreme_case(n_samples, kind), 1, true, 1);
    check_same_products(device, extreme_case(n_samples, kind), 2, true, 1);
  }
}

/// Every number of a scan as bits, blocks in order.
class BitCollector final : public StatisticsSink {
 public:
  void write(StatisticsBlock const& block) override {
    std::lock_guard const lock(mutex_);
    auto& bits = blocks_[block.index];
    auto const add = [&](auto const& values) {
      for (auto const value : values) {
        bits.push_back(std::bit_cast<std::uint64_t>(static_cast<double>(value)));
      }
    };
    add(block.beta), add(block.se), add(block.omnibus_f), add(block.omnibus_log10p);
    add(block.genotype_sum_of_squares), add(block.effect_allele_frequency);
    add(block.minor_allele_count), add(block.n), add(block.reason), add(block.missing_count);
    for (Hit const& hit : block.hits) {
      add(std::vector<double>{static_cast<double>(hit.variant), static_cast<double>(hit.phenotype),
                              hit.beta, hit.se, hit.log10p});
    }
  }
  void finish() override {}

  [[nodiscard]] std::map<std::size_t, std::vector<std::uint64_t>> const& blocks() const {
    return blocks_;
  }

 private:
  std::mutex mutex_;
  std::map<std::size_t, std::vector<std::uint64_t>> blocks_;
};

struct ScanCase {
  MissingCalls missing = MissingCalls::mean;
  Precision precision = Precision::standard;
  Haploid haploid = Haploid::nobody;
  GenotypeBatch::Kind kind = GenotypeBatch::Kind::calls;
  std::size_t n_masks = 1;
  std::size_t threads = 2;
};

inline std::map<std::size_t, std::vector<std::uint64_t>> scan_bits(ScanCase const& what,
                                                                   Device const* device) {
  constexpr std::size_t n_samples = 201;
  constexpr std::size_t n_variants = 53;
  constexpr std::size_t block_rows = 10;
  Rows rows = random_calls(n_variants, n_samples, 0.03);
  if (what.kind != GenotypeBatch::Kind::calls) {
    rows = with_fractions(std::move(rows), 11);
  }
  Cohort const cohort = random_cohort(n_samples, 5, 3, what.n_masks);
  HeldSource const held = source_of(rows, what.kind);
  std::vector<std::int64_t> source_row(n_variants);
  std::iota(source_row.begin(), source_row.end(), 0);
  std::vector<ScanBlock> blocks;
  for (std::size_t first = 0; first < n_variants; first += block_rows) {
    blocks.push_back(
        {blocks.size(), first, std::min(block_rows, n_variants - first), what.haploid});
  }
  ScanOptions options;
  options.missing = what.missing;
  options.precision = what.precision;
  options.n_phenotypes = cohort.phenotypes.size();
  options.hit_log10p = 0.5;
  options.batch_bytes = 400;  // several batches a block
  BitCollector sink;
  scan(Context{what.threads}, *held.source, cohort.model, {source_row, {}}, blocks, options, sink,
       {}, device);
  return sink.blocks();
}

inline void scans_are_the_bits_of_the_cpu(Device const& device) {
  std::vector<ScanCase> cases;
  for (auto const kind : device_kinds) {
    for (auto const missing : {MissingCalls::mean, MissingCalls::drop}) {
      for (auto const precision : {Precision::standard, Precision::full}) {
        for (std::size_t const n_masks : {std::size_t{1}, std::size_t{3}}) {
          cases.push_back({missing, precision, Haploid::nobody, kind, n_masks, 3});
        }
      }
    }
    cases.push_back({MissingCalls::mean, Precision::standard, Haploid::males, kind, 1, 1});
  }
  for (ScanCase const& what : cases) {
    CHECK(scan_bits(what, &device) == scan_bits(what, nullptr));
  }
}

}  // namespace igwas::testing
