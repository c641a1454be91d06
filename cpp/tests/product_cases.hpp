// Batches and columns to multiply, and what every product of integers must give: one body for all
// kinds of genotypes.
#pragma once

#include "check.hpp"
#include "igwas/device_tests.hpp"
#include "igwas/dot_products.hpp"
#include "igwas/fine_codes.hpp"
#include "igwas/fixed_columns.hpp"
#include "kernels/fixed_kernels.hpp"
#include "scan_cases.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <type_traits>
#include <vector>

namespace igwas::testing {

/// A batch and the columns to multiply it with.
struct ProductCase {
  std::size_t n_samples;
  std::size_t n_columns;
  std::vector<double> columns;
  GenotypeBatch batch;

  [[nodiscard]] MatrixView<double const> view() const {
    return {columns.data(), n_samples, n_columns, n_columns};
  }
};

struct ProductSize {
  std::size_t n_samples;
  std::size_t n_columns;
  std::size_t n_variants;
};

/// Prepare rows that were filled.
inline void prepare_all(ProductCase& of) {
  ScanModel model;
  model.columns = of.view();
  model.is_male.assign(of.n_samples, 0);
  SampleSets const sets(model);
  for (std::size_t v = 0; v < of.batch.size(); ++v) {
    of.batch.prepare(v, Haploid::nobody, sets);
  }
}

/// Columns at random; `fill(batch, variant, random)` writes a row.
template <typename Fill>
[[nodiscard]] ProductCase filled_case(ProductSize const& size, GenotypeBatch::Kind kind,
                                      Fill const& fill) {
  ProductCase made{size.n_samples, size.n_columns, {}, {}};
  Random random(size.n_samples * 1000 + size.n_columns);
  made.columns.resize(size.n_samples * size.n_columns);
  for (double& value : made.columns) {
    value = random.symmetric();
  }
  auto const two = static_cast<double>(two_copies_of(kind));
  made.batch.reset(kind, size.n_variants, size.n_samples, {2 / two, two});
  for (std::size_t v = 0; v < size.n_variants; ++v) {
    fill(made.batch, v, random);
  }
  prepare_all(made);
  return made;
}

/// Dosages in bytes or in two: `code_of(variant, sample)`.
template <typename CodeOf>
[[nodiscard]] ProductCase coded_case(ProductSize const& size, GenotypeBatch::Kind kind,
                                     CodeOf const& code_of) {
  return filled_case(size, kind, [&](GenotypeBatch& batch, std::size_t v, Random&) {
    auto const fill = [&](auto row) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        row[i] = static_cast<std::remove_reference_t<decltype(row[i])>>(code_of(v, i));
      }
    };
    kind == GenotypeBatch::Kind::bytes ? fill(batch.bytes(v)) : fill(batch.codes(v));
  });
}

/// Dosages with frequencies from almost none to almost all and shares of fractions from none to
/// all, so that every way through the product is taken.
[[nodiscard]] inline ProductCase mixed_case(std::size_t n_samples, std::size_t n_columns,
                                            GenotypeBatch::Kind kind) {
  constexpr std::size_t n_variants = 23;
  std::size_t const two = two_copies_of(kind);
  Random random(n_samples);
  return coded_case({n_samples, n_columns, n_variants}, kind, [&](std::size_t v, std::size_t) {
    double const frequency = static_cast<double>(v) / (n_variants - 1);
    double const fractional = static_cast<double>(v % 4) / 3;
    std::size_t const copies =
        (random.uniform() < frequency ? 1U : 0U) + (random.uniform() < frequency ? 1U : 0U);
    bool const is_exact = random.uniform() >= fractional;
    std::size_t const any = random.below(two + 1);
    return random.uniform() < (v % 3 == 0 ? 0.0 : 0.05) ? two + 1
           : is_exact                                   ? two / 2 * copies
                                                        : any;
  });
}

/// Of a file; fine codes are of arrays.
inline Encoding encoding_of(GenotypeBatch::Kind kind) {
  if (kind == GenotypeBatch::Kind::calls) {
    return Encoding::hardcalls;
  }
  return kind == GenotypeBatch::Kind::bytes ? Encoding::dosage8 : Encoding::dosage16;
}

/// Fill a row of any kind but values.
inline void fill_row(GenotypeBatch& batch, std::size_t v, std::vector<double> const& row) {
  if (batch.kind() == GenotypeBatch::Kind::fine) {
    std::ranges::transform(row, batch.fine(v).begin(), fine_code_of<double>);
    return;
  }
  auto bytes = encode(row, encoding_of(batch.kind()));
  if (batch.kind() == GenotypeBatch::Kind::bytes) {
    std::memcpy(batch.bytes(v).data(), bytes.data(), bytes.size());
  } else if (batch.kind() == GenotypeBatch::Kind::codes) {
    std::memcpy(batch.codes(v).data(), bytes.data(), bytes.size());
  } else {
    auto const words = batch.calls(v);
    // Places past the last sample are missing.
    std::ranges::fill(words, low_bits);
    std::size_t const used = row.size() % 4;
    if (used != 0) {
      bytes.back() |= static_cast<std::byte>(0x55U << (2 * used));
    }
    std::memcpy(words.data(), bytes.data(), bytes.size());
  }
}

/// Frequencies from none to all; every third variant without missing calls. Some dosages are
/// fractions.
[[nodiscard]] inline ProductCase product_case(std::size_t n_samples, std::size_t n_columns,
                                              std::size_t n_variants, GenotypeBatch::Kind kind) {
  bool const has_calls = kind == GenotypeBatch::Kind::calls;
  auto const fill = [&](GenotypeBatch& batch, std::size_t v, Random& random) {
    double const frequency =
        static_cast<double>(v) / static_cast<double>(std::max<std::size_t>(1, n_variants - 1));
    std::vector<double> row(n_samples);
    for (double& copies : row) {
      copies =
          (random.uniform() < frequency ? 1.0 : 0.0) + (random.uniform() < frequency ? 1.0 : 0.0);
      copies = !has_calls && v % 4 == 1 ? 2 * random.uniform() : copies;
      copies = random.uniform() < (v % 3 == 0 ? 0.0 : 0.05) ? no_call : copies;
    }
    fill_row(batch, v, row);
  };
  return filled_case({n_samples, n_columns, n_variants}, kind, fill);
}

inline FixedColumns columns_of(ProductCase const& of, std::uint8_t limbs) {
  return {Context{2}, of.view(), std::vector<std::uint8_t>(of.n_columns, limbs)};
}

/// The code of a sample in a batch of calls, bytes, codes or fine codes; -1: missing.
[[nodiscard]] inline std::int64_t effect_code(GenotypeBatch const& batch, std::size_t v,
                                              std::size_t sample) {
  auto const two = static_cast<std::int64_t>(two_copies_of(batch.kind()));
  std::int64_t code = 0;
  if (batch.kind() == GenotypeBatch::Kind::calls) {
    constexpr std::int64_t codes[] = {2, -1, 1, 0};
    std::uint64_t const word = batch.calls(v)[sample / calls_per_word];
    return codes[(word >> (2 * (sample % calls_per_word))) & 3U];
  }
  if (batch.kind() == GenotypeBatch::Kind::fine) {
    code = batch.padded_fine(v)[sample];
  } else if (batch.kind() == GenotypeBatch::Kind::bytes) {
    code = batch.padded_bytes(v)[sample];
  } else {
    code = batch.padded_codes(v)[sample];
  }
  return code <= two ? code : -1;
}

/// The plain twin: integers of the columns times codes of the counted allele, in 64 bits.
[[nodiscard]] inline BatchProducts plain_product(ProductCase const& of, FixedColumns const& fixed) {
  auto const two = static_cast<std::int64_t>(two_copies_of(of.batch.kind()));
  BatchProducts out;
  out.n_columns = of.n_columns;
  out.called.resize(of.batch.size() * of.n_columns);
  out.missing.resize(out.called.size());
  for (std::size_t v = 0; v < of.batch.size(); ++v) {
    std::vector<std::int64_t> called(fixed.stride());
    std::vector<std::int64_t> missing(fixed.stride());
    for (std::size_t i = 0; i < of.n_samples; ++i) {
      std::int64_t const code = effect_code(of.batch, v, i);
      std::int64_t const weight = code < 0 ? 1 : of.batch.is_flipped(v) ? two - code : code;
      std::int64_t* const sums = code < 0 ? missing.data() : called.data();
      std::int32_t const* row = fixed.data() + kernels::row_of_sample(i) * fixed.stride();
      for (std::size_t k = 0; k < fixed.stride(); ++k) {
        sums[k] += weight * row[k];
      }
    }
    fixed.values(called.data(), out.called.data() + v * of.n_columns);
    fixed.values(missing.data(), out.missing.data() + v * of.n_columns);
  }
  return out;
}

[[nodiscard]] inline bool same(BatchProducts const& a, BatchProducts const& b) {
  return a.n_columns == b.n_columns && a.called == b.called && a.missing == b.missing;
}

[[nodiscard]] inline double largest_difference(BatchProducts const& a, BatchProducts const& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.called.size(); ++i) {
    worst = std::max(worst, std::abs(a.called[i] - b.called[i]));
    worst = std::max(worst, std::abs(a.missing[i] - b.missing[i]));
  }
  return worst;
}

/// A product of one kind: multiply_fixed(), multiply_dosages() or multiply_codes().
template <typename Scratch, typename Crossover>
using Multiply = void(GenotypeBatch const&, FixedColumns const&, BatchProducts&, Scratch&, bool,
                      Crossover);

/// Twice: what a first batch leaves in the scratch must not reach the second.
template <typename Scratch, typename Crossover>
[[nodiscard]] BatchProducts product_of(Multiply<Scratch, Crossover>& multiply_batch,
                                       ProductCase const& of, FixedColumns const& columns,
                                       std::type_identity_t<Crossover> const& crossover) {
  BatchProducts out;
  Scratch scratch;
  multiply_batch(of.batch, columns, out, scratch, true, crossover);
  multiply_batch(of.batch, columns, out, scratch, true, crossover);
  return out;
}

/// Every way through a product gives the bits of the plain twin, and these are near to sums in
/// float64. Columns, at most 1, are rounded to 2^-20 (2^-40), up and down alike; each counts up to
/// as often as the code of two copies says. Six standard deviations.
template <typename Scratch, typename Crossover>
void check_equals_plain(Multiply<Scratch, Crossover>& multiply_batch, ProductCase const& of,
                        std::initializer_list<std::type_identity_t<Crossover>> ways) {
  BatchProducts in_float64;
  multiply(of.batch, of.view(), in_float64);
  double const spread = static_cast<double>(two_copies_of(of.batch.kind())) *
                        std::sqrt(static_cast<double>(of.n_samples));
  for (std::uint8_t const limbs : {std::uint8_t{1}, std::uint8_t{2}}) {
    FixedColumns const columns = columns_of(of, limbs);
    BatchProducts const plain = plain_product(of, columns);
    CHECK(largest_difference(plain, in_float64) <= 6 * std::ldexp(spread, -20 * limbs));
    for (Crossover const& way : ways) {
      CHECK(same(product_of(multiply_batch, of, columns, way), plain));
    }
  }
}

}  // namespace igwas::testing
