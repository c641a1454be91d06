#include "check.hpp"
#include "igwas/device_tests.hpp"
#include "igwas/genotype_batch.hpp"
#include "scan_cases.hpp"

#include <algorithm>

using namespace igwas;
using Kind = GenotypeBatch::Kind;

namespace {

constexpr double rounding = 1e-12;

/// The code of two copies.
[[nodiscard]] double of_two(Kind kind) { return static_cast<double>(two_copies_of(kind)); }

[[nodiscard]] DosageScale scale_of(Kind kind) { return {2 / of_two(kind), of_two(kind)}; }

void fill(GenotypeBatch& batch, std::size_t v, std::vector<double> const& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    bool const is_missing = std::isnan(row[i]);
    if (batch.kind() == Kind::calls) {
      std::uint64_t const call = is_missing ? 1U : (row[i] == 2 ? 0U : (row[i] == 1 ? 2U : 3U));
      batch.calls(v)[i / 32] |= call << (2 * (i % 32));
    } else if (batch.kind() == Kind::bytes) {
      batch.bytes(v)[i] = is_missing ? GenotypeBatch::missing_byte
                                     : static_cast<std::uint8_t>(std::lround(row[i] * 127));
    } else if (batch.kind() == Kind::codes) {
      batch.codes(v)[i] = is_missing ? GenotypeBatch::missing_code
                                     : static_cast<std::uint16_t>(std::lround(row[i] * 32767));
    } else if (batch.kind() == Kind::fine) {
      batch.fine(v)[i] = fine_code_of(row[i]);
    } else {
      batch.values(v)[i] = row[i];
    }
  }
}

[[nodiscard]] GenotypeBatch batch_of(Kind kind, testing::Rows const& rows) {
  std::size_t const n = rows.front().size();
  GenotypeBatch batch;
  batch.reset(kind, rows.size(), n, scale_of(kind));
  for (std::size_t v = 0; v < rows.size(); ++v) {
    if (kind == Kind::calls) {
      // Past the last sample every call is missing: the promise of every source.
      std::ranges::fill(batch.calls(v), 0);
      std::size_t const used = n % 32;
      if (used != 0) {
        batch.calls(v).back() = low_bits & (~std::uint64_t{0} << (2 * used));
      }
    }
    fill(batch, v, rows[v]);
  }
  return batch;
}

[[nodiscard]] bool is_haploid(Haploid haploid, std::uint8_t is_male) {
  return haploid == Haploid::everybody || (haploid == Haploid::males && is_male != 0);
}

/// What `sums` must be, from the row alone.
[[nodiscard]] CodeSums plain_sums(std::vector<double> const& row, MaskGroup const& mask,
                                  std::vector<std::uint8_t> const& is_male, Haploid haploid,
                                  bool is_calls, bool is_flipped, double two) {
  CodeSums sums;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (mask.is_member[i] == 0) {
      continue;
    }
    ++sums.n_samples;
    bool const single = is_haploid(haploid, is_male[i]);
    double copies = row[i];
    if (std::isnan(copies) || (is_calls && single && copies == 1)) {
      ++sums.n_missing;
      continue;
    }
    if (is_calls && !single) {
      sums.n_two_effect += copies == 2 ? 1 : 0;
      sums.n_one_of_each += copies == 1 ? 1 : 0;
      sums.n_two_other += copies == 0 ? 1 : 0;
    }
    double const code = (is_flipped ? 2 - copies : copies) * two / 2;
    sums.sum += code;
    sums.sum_of_squares += code * code;
    sums.n_haploid_called += single ? 1 : 0;
    sums.haploid_sum += single ? code : 0;
  }
  return sums;
}

void check_same(CodeSums const& found, CodeSums const& expected) {
  CHECK(found.n_samples == expected.n_samples);
  CHECK(found.n_missing == expected.n_missing);
  CHECK(found.n_haploid_called == expected.n_haploid_called);
  testing::check_close(found.sum, expected.sum, rounding);
  testing::check_close(found.sum_of_squares, expected.sum_of_squares, rounding);
  testing::check_close(found.haploid_sum, expected.haploid_sum, rounding);
  CHECK(found.n_two_effect == expected.n_two_effect);
  CHECK(found.n_one_of_each == expected.n_one_of_each);
  CHECK(found.n_two_other == expected.n_two_other);
}

void check_sums(Kind kind, std::size_t n_samples, Haploid haploid) {
  auto const rows = testing::random_calls(6, n_samples, 0.1, n_samples);
  auto const cohort = testing::random_cohort(n_samples, 3, 1, 3);
  SampleSets const sets(cohort.model);
  GenotypeBatch batch = batch_of(kind, rows);
  double const two = of_two(kind);
  for (std::size_t v = 0; v < rows.size(); ++v) {
    batch.prepare(v, haploid, sets);
    for (std::size_t m = 0; m < 3; ++m) {
      check_same(batch.sums(v, m, haploid, sets),
                 plain_sums(rows[v], cohort.model.masks[m], cohort.model.is_male, haploid,
                            kind == Kind::calls, batch.is_flipped(v), two));
    }
  }
}

/// Tiles put together give the row back, counted for the rarer allele.
void check_tiles(Kind kind, std::size_t n_samples) {
  auto const rows = testing::random_calls(3, n_samples, 0.1, n_samples);
  auto const cohort = testing::random_cohort(n_samples, 1, 1);
  SampleSets const sets(cohort.model);
  GenotypeBatch batch = batch_of(kind, rows);
  double const two = of_two(kind);
  TileEntries entries;
  for (std::size_t v = 0; v < rows.size(); ++v) {
    batch.prepare(v, Haploid::nobody, sets);
    std::vector<double> found(n_samples, 0.0);
    for (std::size_t first = 0; first < n_samples; first += tile_samples) {
      batch.tile(v, first, std::min(tile_samples, n_samples - first), entries);
      for (std::size_t i = 0; i < entries.n; ++i) {
        CHECK(i == 0 || entries.sample[i] > entries.sample[i - 1]);
        found[first + entries.sample[i]] = entries.weight[i];
      }
      for (std::size_t i = 0; i < entries.n_missing; ++i) {
        CHECK(i == 0 || entries.missing_sample[i] > entries.missing_sample[i - 1]);
        found[first + entries.missing_sample[i]] = testing::no_call;
      }
    }
    bool same = true;
    for (std::size_t i = 0; i < n_samples; ++i) {
      double const copies = batch.is_flipped(v) ? 2 - rows[v][i] : rows[v][i];
      same = same && (std::isnan(copies) ? std::isnan(found[i]) : found[i] == copies * two / 2);
    }
    CHECK(same);
  }
}

void the_rarer_allele_is_counted() {
  auto const cohort = testing::random_cohort(4, 1, 1);
  SampleSets const sets(cohort.model);
  testing::Rows const rows{{0, 0, 1, 2}, {2, 2, 1, 0}, {2, 2, 2, 2},
                           {0, 0, 0, 0}, {1, 1, 1, 1}, {2, testing::no_call, 2, 0}};
  for (Kind const kind : {Kind::calls, Kind::bytes, Kind::codes, Kind::fine, Kind::values}) {
    GenotypeBatch batch = batch_of(kind, rows);
    std::vector<bool> flipped;
    for (std::size_t v = 0; v < rows.size(); ++v) {
      batch.prepare(v, Haploid::nobody, sets);
      flipped.push_back(batch.is_flipped(v));
    }
    CHECK((flipped == std::vector<bool>{false, true, true, false, false, true}));
  }
}

void constants_are_told_exactly() {
  auto const cohort = testing::random_cohort(5, 2, 1, 1);
  SampleSets const sets(cohort.model);
  double const gap = testing::no_call;
  testing::Rows const constant{{1, 1, gap, 1, 1}, {0, 0, 0, 0, 0}, {gap, gap, gap, gap, 2}};
  testing::Rows const varied{{1, 1, gap, 1, 2}, {0, 0, 0, 0, 1}, {2, 2, gap, 2, 1}};
  for (Kind const kind : {Kind::calls, Kind::bytes, Kind::codes, Kind::fine, Kind::values}) {
    for (auto const* rows : {&constant, &varied}) {
      GenotypeBatch batch = batch_of(kind, *rows);
      for (std::size_t v = 0; v < rows->size(); ++v) {
        batch.prepare(v, Haploid::nobody, sets);
        CHECK(batch.sums(v, 0, Haploid::nobody, sets).is_constant == (rows == &constant));
      }
    }
  }
}

void fractions_of_haploid_samples_are_kept() {
  auto const cohort = testing::random_cohort(3, 1, 1);
  SampleSets const sets(cohort.model);
  GenotypeBatch batch = batch_of(Kind::values, {{0.5, 1, 0}});
  batch.prepare(0, Haploid::everybody, sets);
  auto const sums = batch.sums(0, 0, Haploid::everybody, sets);
  CHECK(sums.n_missing == 0);
  CHECK(sums.haploid_sum == 1.5);
}

/// Codes of fractions, of no copy, of two and missing ones.
[[nodiscard]] std::uint32_t any_code(Kind kind, std::size_t v, std::size_t i) {
  auto const two = static_cast<std::uint32_t>(two_copies_of(kind));
  std::uint32_t const missing = kind == Kind::fine ? missing_fine : two + 1;
  auto const spread = static_cast<std::uint32_t>(kind == Kind::bytes ? i * i : i * i * 97);
  if (v == 0) {
    std::uint32_t const any = spread % (two + 2);
    return i % 9 == 4 ? 0 : (any > two ? missing : any);
  }
  return i % 7 == 3 ? missing : two - spread % 100;
}

/// Sums and shapes of dosages are those of the codes, whatever the codes are.
void any_code_is_summed(Kind kind, std::size_t n_samples, Haploid haploid) {
  auto const cohort = testing::random_cohort(n_samples, 3, 1, 3);
  SampleSets const sets(cohort.model);
  GenotypeBatch batch;
  batch.reset(kind, 2, n_samples, scale_of(kind));
  double const two = of_two(kind);
  for (std::size_t v = 0; v < 2; ++v) {
    std::vector<double> copies(n_samples);
    for (std::size_t i = 0; i < n_samples; ++i) {
      std::uint32_t const code = any_code(kind, v, i);
      if (kind == Kind::bytes) {
        batch.bytes(v)[i] = static_cast<std::uint8_t>(code);
      } else if (kind == Kind::codes) {
        batch.codes(v)[i] = static_cast<std::uint16_t>(code);
      } else {
        batch.fine(v)[i] = code;
      }
      copies[i] = code > two ? testing::no_call : code * 2 / two;
    }
    batch.prepare(v, haploid, sets);
    std::size_t n_counted = 0;
    std::size_t n_fractional = 0;
    for (double const of : copies) {
      n_counted += !std::isnan(of) && of != (batch.is_flipped(v) ? 2 : 0) ? 1 : 0;
      n_fractional += !std::isnan(of) && of != std::floor(of) ? 1 : 0;
    }
    if (kind != Kind::bytes) {
      CHECK(batch.call_shape(v).n_counted == n_counted);
    } else {
      CHECK(batch.call_shape(v).n_fractional == n_fractional);
    }
    for (std::size_t m = 0; m < 3; ++m) {
      auto const& mask = cohort.model.masks[m];
      auto const found = batch.sums(v, m, haploid, sets);
      check_same(found, plain_sums(copies, mask, cohort.model.is_male, haploid, false,
                                   batch.is_flipped(v), two));
    }
  }
}

/// The largest code and the largest sum of squares, among more samples than are added at a time.
void the_largest_code_does_not_overflow(Kind kind, std::size_t n_samples) {
  testing::Rows const row{std::vector<double>(n_samples, 2.0)};
  ScanModel model;
  model.masks.resize(1);
  model.masks[0].is_member.assign(n_samples, 1);
  model.is_male.assign(n_samples, 0);
  std::vector<double> const column(n_samples);
  model.columns = {column.data(), n_samples, 1, 1};
  SampleSets const sets(model);
  GenotypeBatch batch = batch_of(kind, row);
  double const two = of_two(kind);
  auto const n = static_cast<double>(n_samples);
  // Not prepared: so that the effect allele is counted, although it is the commoner one.
  auto const sums = batch.sums(0, 0, Haploid::nobody, sets);
  CHECK(sums.n_missing == 0 && sums.is_constant);
  CHECK(sums.sum == two * n);
  CHECK(sums.sum_of_squares == two * two * n);
}

/// Sums of the other allele, where 2 x two x sum is past 64 bits and what is left of it is not.
void the_other_allele_of_the_largest_sums_is_counted() {
  std::uint64_t const two = two_copies_fine;
  std::uint64_t const n = most_fine_samples;
  EffectSums all_two;
  all_two.n_called = n;
  all_two.sum = two * n;
  all_two.sum_of_squares = two * two * n;
  all_two.least = all_two.greatest = two_copies_fine;
  CodeSums const none = count_allele(all_two, Kind::fine, n, true);
  CHECK(none.sum == 0 && none.sum_of_squares == 0 && none.is_constant);
  EffectSums half = all_two;
  half.sum = two * (n / 2);
  half.sum_of_squares = two * two * (n / 2);
  half.least = 0;
  CodeSums const other = count_allele(half, Kind::fine, n, true);
  auto const left = static_cast<double>(n - n / 2);
  CHECK(other.sum == static_cast<double>(two) * left);
  CHECK(other.sum_of_squares == static_cast<double>(two * two) * left);
}

}  // namespace

int main() {
  for (std::size_t const n : {1U, 31U, 32U, 33U, 255U, 256U, 257U, 600U}) {
    for (Kind const kind : {Kind::calls, Kind::bytes, Kind::codes, Kind::fine, Kind::values}) {
      for (Haploid const haploid : {Haploid::nobody, Haploid::males, Haploid::everybody}) {
        check_sums(kind, n, haploid);
      }
      check_tiles(kind, n);
    }
    for (Kind const kind : {Kind::bytes, Kind::codes, Kind::fine}) {
      for (Haploid const haploid : {Haploid::nobody, Haploid::males, Haploid::everybody}) {
        any_code_is_summed(kind, n, haploid);
      }
    }
  }
  the_rarer_allele_is_counted();
  constants_are_told_exactly();
  fractions_of_haploid_samples_are_kept();
  the_largest_code_does_not_overflow(Kind::codes, 260'000);
  the_largest_code_does_not_overflow(Kind::fine, most_fine_samples);
  the_other_allele_of_the_largest_sums_is_counted();
  return testing::exit_code();
}
