#include "check.hpp"
#include "igwas/genotype_source.hpp"
#include "scan_cases.hpp"

#include <memory>

using namespace igwas;
using Kind = GenotypeBatch::Kind;

namespace {

/// Copies of the effect allele as a batch holds them, before it is prepared.
[[nodiscard]] double copies_at(GenotypeBatch& batch, std::size_t v, std::size_t i) {
  if (batch.kind() == Kind::values) {
    return batch.values(v)[i];
  }
  if (batch.kind() == Kind::bytes) {
    auto const code = batch.bytes(v)[i];
    return code == GenotypeBatch::missing_byte ? testing::no_call : code * batch.scale().scale;
  }
  if (batch.kind() == Kind::codes) {
    auto const code = batch.codes(v)[i];
    return code == GenotypeBatch::missing_code ? testing::no_call : code * batch.scale().scale;
  }
  if (batch.kind() == Kind::fine) {
    auto const code = batch.fine(v)[i];
    return code == missing_fine ? testing::no_call : code * batch.scale().scale;
  }
  double const copies[] = {2, testing::no_call, 1, 0};
  return copies[(batch.calls(v)[i / 32] >> (2 * (i % 32))) & 3U];
}

void check_source(GenotypeSource const& source, testing::Rows const& rows) {
  std::size_t const n = rows.front().size();
  CHECK(source.n_variants() == rows.size());
  CHECK(source.n_samples() == n);
  std::vector<std::int64_t> everybody;
  std::vector<std::int64_t> some;
  for (std::size_t i = 0; i < n; ++i) {
    everybody.push_back(static_cast<std::int64_t>(i));
    if (i % 2 == 1 || i + 1 == n) {
      some.push_back(static_cast<std::int64_t>(i));
    }
  }
  GenotypeSource::Scratch scratch;
  GenotypeBatch batch;
  for (auto const* samples : {&everybody, &some}) {
    std::vector<std::int64_t> const variants{0, 2, 4};
    source.read(variants, *samples, batch, scratch);
    CHECK(batch.size() == 3);
    CHECK(source.batch_row_bytes(samples->size()) > 0);
    bool same = true;
    for (std::size_t v = 0; v < 3; ++v) {
      for (std::size_t i = 0; i < samples->size(); ++i) {
        double const found = copies_at(batch, v, i);
        double const expected = rows[2 * v][static_cast<std::size_t>((*samples)[i])];
        same = same && (found == expected || (std::isnan(found) && std::isnan(expected)));
      }
    }
    CHECK(same);
  }
}

template <typename T>
[[nodiscard]] std::vector<T> flat(testing::Rows const& rows) {
  std::vector<T> values;
  for (auto const& row : rows) {
    for (double const copies : row) {
      if constexpr (std::is_integral_v<T>) {
        values.push_back(std::isnan(copies) ? T{-1} : static_cast<T>(copies));
      } else {
        values.push_back(static_cast<T>(copies));
      }
    }
  }
  return values;
}

template <typename T>
void check_fine_array(testing::Rows const& rows) {
  auto const values = flat<T>(rows);
  std::size_t const n = rows.front().size();
  MatrixView<T const> const view{values.data(), rows.size(), n, n};
  auto const source = make_array_source(view, Fractions::fine);
  CHECK(source->kind() == GenotypeBatch::Kind::fine);
  CHECK(source->batch_row_bytes(n) == 4 * n);
  check_source(*source, rows);
}

template <typename T>
void check_array(testing::Rows const& rows, bool are_calls = true) {
  auto const values = flat<T>(rows);
  std::size_t const n = rows.front().size();
  auto const source = make_array_source(MatrixView<T const>{values.data(), rows.size(), n, n});
  CHECK(source->kind() == (are_calls ? GenotypeBatch::Kind::calls : GenotypeBatch::Kind::values));
  check_source(*source, rows);
}

}  // namespace

int main() {
  for (std::size_t const n : {1U, 31U, 32U, 33U, 255U, 256U, 257U}) {
    auto const rows = testing::random_calls(5, n, 0.2, n);
    check_array<float>(rows);
    check_array<double>(rows);
    check_array<std::int8_t>(rows);
    auto fractions = rows;
    fractions[4][n - 1] = 0.75;
    check_array<float>(fractions, false);
    check_array<double>(fractions, false);
    check_fine_array<float>(fractions);
    check_fine_array<double>(fractions);
    for (Encoding const encoding : {Encoding::hardcalls, Encoding::dosage8, Encoding::dosage16}) {
      auto [index, bytes] = testing::raw_chunks(rows, encoding, 2);
      testing::TemporaryFile const file(bytes);
      index.path = file.path();
      check_source(*make_file_source(index), rows);
    }
  }
  return testing::exit_code();
}
