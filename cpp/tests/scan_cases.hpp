// Small cohorts for the tests of the scan: genotypes in every encoding, a model, and the plain
// answer, worked out from the rows alone.
#pragma once

#include "igwas/genotype_source.hpp"
#include "igwas/scan_model.hpp"

#include <unistd.h>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace igwas::testing {

inline constexpr double no_call = std::numeric_limits<double>::quiet_NaN();

/// Numbers that are the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2654435761U + 1) {}

  /// In [0, 1).
  double uniform() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state_ >> 11) * 0x1p-53;
  }
  double symmetric() { return 2 * uniform() - 1; }
  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(uniform() * static_cast<double>(n));
  }

 private:
  std::uint64_t state_;
};

using Rows = std::vector<std::vector<double>>;  ///< (variants, samples), NaN is missing

/// Whole copies; variants in turn rare, common (so flipped) and middling.
inline Rows random_calls(std::size_t n_variants, std::size_t n_samples, double missing_rate,
                         std::uint64_t seed = 1) {
  Random random(seed);
  Rows rows(n_variants, std::vector<double>(n_samples));
  double const frequencies[] = {0.15, 0.8, 0.5};
  for (std::size_t v = 0; v < n_variants; ++v) {
    for (double& copies : rows[v]) {
      double const f = frequencies[v % 3];
      copies = (random.uniform() < f ? 1.0 : 0.0) + (random.uniform() < f ? 1.0 : 0.0);
      copies = random.uniform() < missing_rate ? no_call : copies;
    }
  }
  return rows;
}

/// A file of bytes that is removed with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::vector<std::byte> const& bytes) {
    char name[] = "/tmp/igwas_test_XXXXXX";
    int const file = ::mkstemp(name);
    path_ = name;
    if (file >= 0) {
      ::close(file);
    }
    write(bytes);
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(TemporaryFile const&) = delete;
  TemporaryFile& operator=(TemporaryFile const&) = delete;

  [[nodiscard]] std::string const& path() const { return path_; }

  void write(std::vector<std::byte> const& bytes) const {
    std::FILE* file = std::fopen(path_.c_str(), "wb");
    if (!bytes.empty()) {
      std::fwrite(bytes.data(), 1, bytes.size(), file);
    }
    std::fclose(file);
  }

  [[nodiscard]] std::vector<std::byte> read() const {
    std::vector<std::byte> bytes;
    std::FILE* file = std::fopen(path_.c_str(), "rb");
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
      bytes.push_back(static_cast<std::byte>(c));
    }
    std::fclose(file);
    return bytes;
  }

 private:
  std::string path_;
};

/// One row in an encoding.
inline std::vector<std::byte> encode(std::vector<double> const& row, Encoding encoding) {
  std::vector<std::byte> bytes;
  if (encoding == Encoding::hardcalls) {
    bytes.assign((row.size() + 3) / 4, std::byte{0});
    for (std::size_t i = 0; i < row.size(); ++i) {
      unsigned const call = std::isnan(row[i]) ? 1U : (row[i] == 2 ? 0U : (row[i] == 1 ? 2U : 3U));
      bytes[i / 4] |= static_cast<std::byte>(call << (2 * (i % 4)));
    }
    return bytes;
  }
  unsigned const two = encoding == Encoding::dosage8 ? 254 : 65534;
  for (double const copies : row) {
    unsigned const code =
        std::isnan(copies) ? two + 1 : static_cast<unsigned>(std::lround(copies * two / 2));
    bytes.push_back(static_cast<std::byte>(code & 0xFFU));
    if (encoding == Encoding::dosage16) {
      bytes.push_back(static_cast<std::byte>(code >> 8));
    }
  }
  return bytes;
}

/// An index of raw chunks, and the bytes of the file it describes.
inline std::pair<ChunkIndex, std::vector<std::byte>> raw_chunks(Rows const& rows, Encoding encoding,
                                                                std::size_t rows_per_chunk) {
  ChunkIndex index;
  index.encoding = encoding;
  index.n_variants = rows.size();
  index.n_samples = rows.front().size();
  index.rows_per_chunk = rows_per_chunk;
  std::vector<std::byte> bytes(3, std::byte{0x6C});  // a header, so that offsets are odd
  for (std::size_t v = 0; v < rows.size(); ++v) {
    auto const row = encode(rows[v], encoding);
    index.row_bytes = row.size();
    if (v % rows_per_chunk == 0) {
      index.offset.push_back(bytes.size());
      index.size.push_back(0);
    }
    bytes.insert(bytes.end(), row.begin(), row.end());
    index.size.back() += row.size();
  }
  return {index, bytes};
}

/// A model with the rows it was made from.
struct Cohort {
  Rows phenotypes;                                 ///< (phenotypes, samples)
  Rows covariates;                                 ///< (covariates, samples), intercept first
  std::vector<std::vector<std::uint8_t>> members;  ///< (masks, samples)
  std::vector<double> columns;
  ScanModel model;
};

inline double inner(std::vector<double> const& a, std::vector<double> const& b) {
  long double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<long double>(a[i]) * static_cast<long double>(b[i]);
  }
  return static_cast<double>(sum);
}

/// Take from `y` what `basis`, orthonormal, explains; twice, against rounding.
inline void project_off(std::vector<double>& y, Rows const& basis) {
  for (int pass = 0; pass < 2; ++pass) {
    for (auto const& q : basis) {
      double const b = inner(q, y);
      for (std::size_t i = 0; i < y.size(); ++i) {
        y[i] -= b * q[i];
      }
    }
  }
}

/// Orthonormal basis of the covariates among `use`; columns are over all samples, zero elsewhere.
inline Rows basis_of(Rows const& covariates, std::vector<std::uint8_t> const& use) {
  Rows basis;
  for (auto column : covariates) {
    for (std::size_t i = 0; i < column.size(); ++i) {
      column[i] *= use[i];
    }
    double const before = inner(column, column);
    project_off(column, basis);
    double const norm = std::sqrt(inner(column, column));
    if (norm * norm <= 1e-12 * before) {
      continue;
    }
    for (double& x : column) {
      x /= norm;
    }
    basis.push_back(column);
  }
  return basis;
}

inline std::vector<double> residual(std::vector<double> y, Rows const& basis,
                                    std::vector<std::uint8_t> const& use) {
  for (std::size_t i = 0; i < y.size(); ++i) {
    y[i] = use[i] != 0 ? y[i] : 0.0;
  }
  project_off(y, basis);
  return y;
}

/// Phenotypes `m`, `m + n_masks`... belong to mask m; mask 0 has everybody, others lack some.
inline Cohort random_cohort(std::size_t n_samples, std::size_t n_phenotypes,
                            std::size_t n_covariates, std::size_t n_masks = 1,
                            std::uint64_t seed = 7) {
  Random random(seed);
  Cohort cohort;
  auto const column = [&] {
    std::vector<double> values(n_samples);
    for (double& x : values) {
      x = random.symmetric();
    }
    return values;
  };
  cohort.covariates.push_back(std::vector<double>(n_samples, 1.0));
  for (std::size_t c = 1; c < n_covariates; ++c) {
    cohort.covariates.push_back(column());
  }
  for (std::size_t k = 0; k < n_phenotypes; ++k) {
    cohort.phenotypes.push_back(column());
  }
  Rows laid_out;
  for (std::size_t m = 0; m < n_masks; ++m) {
    std::vector<std::uint8_t> use(n_samples, 1);
    for (std::size_t i = 0; m != 0 && i < n_samples; ++i) {
      use[i] = random.uniform() < 0.8 ? 1 : 0;
    }
    cohort.members.push_back(use);
    Rows const basis = basis_of(cohort.covariates, use);
    MaskGroup group;
    group.is_member = use;
    group.responses_begin = laid_out.size();
    Rows responses;
    for (std::size_t k = m; k < n_phenotypes; k += n_masks) {
      group.output_column.push_back(static_cast<std::int64_t>(k));
      group.omnibus_response.push_back(responses.size());
      responses.push_back(residual(cohort.phenotypes[k], basis, use));
      group.sum_of_squares.push_back(inner(responses.back(), responses.back()));
    }
    group.n_responses = group.n_phenotypes = responses.size();
    for (auto const& a : responses) {
      for (auto const& b : responses) {
        group.omnibus_gram.push_back(inner(a, b));
      }
    }
    group.basis_begin = group.responses_begin + responses.size();
    group.n_basis = basis.size();
    laid_out.insert(laid_out.end(), responses.begin(), responses.end());
    laid_out.insert(laid_out.end(), basis.begin(), basis.end());
    cohort.model.masks.push_back(group);
  }
  std::size_t const width =
      (laid_out.size() + column_multiple - 1) / column_multiple * column_multiple;
  cohort.columns.assign(n_samples * width, 0.0);
  for (std::size_t c = 0; c < laid_out.size(); ++c) {
    for (std::size_t i = 0; i < n_samples; ++i) {
      cohort.columns[i * width + c] = laid_out[c][i];
    }
  }
  cohort.model.columns = {cohort.columns.data(), n_samples, width, width};
  for (std::size_t i = 0; i < n_samples; ++i) {
    cohort.model.file_rows.push_back(static_cast<std::int64_t>(i));
    cohort.model.is_male.push_back(i % 3 == 0 ? 1 : 0);
  }
  return cohort;
}

struct Fit {
  double beta = 0;
  double se = 0;
  double genotype_sum_of_squares = 0;
  std::int32_t degrees_of_freedom = 0;
};

/// Least squares of phenotype `k` of mask `m` on `g`, from the rows.
inline Fit plain_fit(Cohort const& cohort, std::size_t k, std::size_t m, std::vector<double> g,
                     bool drops_missing) {
  std::vector<std::uint8_t> use = cohort.members[m];
  double sum = 0;
  std::size_t n_called = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    if (use[i] != 0 && !std::isnan(g[i])) {
      sum += g[i];
      ++n_called;
    }
  }
  std::int32_t n = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    if (std::isnan(g[i])) {
      use[i] = drops_missing ? 0 : use[i];
      g[i] = sum / static_cast<double>(n_called);
    }
    n += use[i];
  }
  Rows const basis = basis_of(cohort.covariates, use);
  auto const y = residual(cohort.phenotypes[k], basis, use);
  auto const x = residual(g, basis, use);
  Fit fit;
  fit.genotype_sum_of_squares = inner(x, x);
  fit.beta = inner(x, y) / inner(x, x);
  fit.degrees_of_freedom = n - static_cast<std::int32_t>(basis.size()) - 1;
  auto left = y;
  for (std::size_t i = 0; i < left.size(); ++i) {
    left[i] -= fit.beta * x[i];
  }
  fit.se = std::sqrt(inner(left, left) / (fit.degrees_of_freedom * inner(x, x)));
  return fit;
}

}  // namespace igwas::testing
