#include "check.hpp"
#include "igwas/chunk_reader.hpp"
#include "igwas/crc32c.hpp"
#include "igwas/error.hpp"
#include "igwas/zstd.hpp"
#include "scan_cases.hpp"

#include <cstdlib>
#include <cstring>
#include <span>

using namespace igwas;
using testing::Rows;
using testing::TemporaryFile;

namespace {

using Bytes = std::vector<std::byte>;

struct Stored {
  ChunkIndex index;
  Bytes bytes;
};

[[nodiscard]] Stored raw(Rows const& rows, Encoding encoding, std::size_t rows_per_chunk) {
  auto [index, bytes] = testing::raw_chunks(rows, encoding, rows_per_chunk);
  return {index, bytes};
}

/// The same chunks compressed, the last one padded to its full size as HDF5 does.
[[nodiscard]] Stored compressed(Stored const& plain) {
  Stored result{plain.index, Bytes(5)};
  result.index.codec = Codec::zstd;
  for (std::size_t chunk = 0; chunk < plain.index.offset.size(); ++chunk) {
    auto const* first = plain.bytes.data() + plain.index.offset[chunk];
    Bytes rows(first, first + plain.index.size[chunk]);
    rows.resize(plain.index.rows_per_chunk * plain.index.row_bytes);
    Bytes const frame = zstd_compress(rows, 1);
    result.index.offset[chunk] = result.bytes.size();
    result.index.size[chunk] = frame.size();
    result.bytes.insert(result.bytes.end(), frame.begin(), frame.end());
  }
  return result;
}

void add_checksums(Stored& stored) {
  for (std::size_t chunk = 0; chunk < stored.index.offset.size(); ++chunk) {
    stored.index.crc32c.push_back(crc32c(
        std::span(stored.bytes).subspan(stored.index.offset[chunk], stored.index.size[chunk])));
  }
}

void check_rows(Stored stored, Rows const& rows) {
  TemporaryFile const file(stored.bytes);
  stored.index.path = file.path();
  Encoding const encoding = stored.index.encoding;
  ChunkReader const reader(stored.index);
  ChunkBuffer buffer;
  // Backwards too: every chunk is left and entered again.
  for (std::size_t step = 0; step < 2 * rows.size(); ++step) {
    std::size_t const v = step < rows.size() ? step : 2 * rows.size() - 1 - step;
    auto const expected = testing::encode(rows[v], encoding);
    CHECK(std::memcmp(reader.row(v, buffer), expected.data(), expected.size()) == 0);
  }
}

void every_encoding_and_chunk_length_gives_its_rows(bool has_zstd) {
  for (Encoding const encoding : {Encoding::hardcalls, Encoding::dosage8, Encoding::dosage16}) {
    for (std::size_t const n_samples : {1U, 33U, 257U}) {
      auto const rows = testing::random_calls(7, n_samples, 0.1);
      for (std::size_t const rows_per_chunk : {1U, 3U, 7U, 20U}) {
        Stored plain = raw(rows, encoding, rows_per_chunk);
        Stored packed = has_zstd ? compressed(plain) : plain;
        check_rows(plain, rows);
        add_checksums(plain);
        check_rows(plain, rows);
        add_checksums(packed);
        check_rows(packed, rows);
      }
    }
  }
}

/// Message of the CorruptFile that reading `variant` throws; empty if none does.
[[nodiscard]] std::string complaint(Stored stored, std::size_t variant) {
  TemporaryFile const file(stored.bytes);
  stored.index.path = file.path();
  ChunkReader const reader(stored.index);
  ChunkBuffer buffer;
  try {
    static_cast<void>(reader.row(variant, buffer));
  } catch (CorruptFile const& error) {
    // The buffer must not pass for a chunk that was read.
    testing::check_throws<CorruptFile>([&] { static_cast<void>(reader.row(variant, buffer)); });
    return error.what();
  }
  return "";
}

[[nodiscard]] bool holds(std::string const& text, char const* part) {
  return text.find(part) != std::string::npos;
}

void damage_is_found_and_named(bool has_zstd) {
  auto const rows = testing::random_calls(7, 40, 0.1);
  Stored plain = raw(rows, Encoding::hardcalls, 3);
  add_checksums(plain);
  Stored broken = plain;
  broken.bytes[broken.index.offset[1] + 4] ^= std::byte{1};
  CHECK(complaint(broken, 0).empty());
  CHECK(holds(complaint(broken, 3), "chunk 1 (variants 4 to 6) has CRC-32C"));
  Stored cut = plain;
  cut.bytes.pop_back();
  CHECK(complaint(cut, 5).empty());
  CHECK(holds(complaint(cut, 6), "chunk 2 (variants 7 to 7) has 9 bytes; expected 10"));
  Stored short_index = raw(rows, Encoding::hardcalls, 3);
  short_index.index.size[0] = 29;
  CHECK(holds(complaint(short_index, 0), "has 29 bytes; expected 30"));
  if (!has_zstd) {
    return;
  }
  Stored packed = compressed(raw(rows, Encoding::hardcalls, 3));
  packed.bytes[packed.index.offset[0]] ^= std::byte{0xFF};  // no checksum: the codec must notice
  CHECK(holds(complaint(packed, 0), "chunk 0 (variants 1 to 3): "));
  CHECK(complaint(packed, 4).empty());
}

void an_index_that_contradicts_itself_is_refused() {
  auto const rows = testing::random_calls(7, 40, 0);
  Stored const good = raw(rows, Encoding::hardcalls, 3);
  TemporaryFile const file(good.bytes);
  auto const refuses = [&](auto const& change) {
    ChunkIndex index = good.index;
    index.path = file.path();
    change(index);
    testing::check_throws<ShapeError>([&] { ChunkReader const reader(index); });
  };
  refuses([](ChunkIndex& index) { index.rows_per_chunk = 0; });
  refuses([](ChunkIndex& index) { index.n_variants = 0; });
  refuses([](ChunkIndex& index) { index.n_variants = 10; });
  refuses([](ChunkIndex& index) { index.row_bytes = 11; });
  refuses([](ChunkIndex& index) { index.n_samples = 41; });
  refuses([](ChunkIndex& index) { index.offset.pop_back(); });
  refuses([](ChunkIndex& index) { index.size.push_back(1); });
  refuses([](ChunkIndex& index) { index.crc32c.push_back(1); });
  ChunkIndex absent = good.index;
  absent.path = "/nowhere/genotypes.bed";
  testing::check_throws<SystemError>([&] { ChunkReader const reader(absent); });
  ChunkIndex folder = good.index;
  folder.path = "/tmp";
  testing::check_throws<SystemError>([&] {
    ChunkReader const reader(folder);
    ChunkBuffer buffer;
    static_cast<void>(reader.row(0, buffer));
  });
}

}  // namespace

int main() {
  char const* const named = std::getenv("IGWAS_ZSTD_LIBRARY");
  bool has_zstd = true;
  try {
    load_zstd(named == nullptr ? "libzstd.so.1" : named);
  } catch (DeviceUnavailable const& error) {
    has_zstd = false;
    std::cerr << "compressed chunks are not tested: " << error.what() << '\n';
  }
  every_encoding_and_chunk_length_gives_its_rows(has_zstd);
  damage_is_found_and_named(has_zstd);
  an_index_that_contradicts_itself_is_refused();
  return testing::exit_code();
}
