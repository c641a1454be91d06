#include "igwas/chunk_reader.hpp"

#include "igwas/crc32c.hpp"
#include "igwas/error.hpp"
#include "igwas/zstd.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

namespace igwas {

namespace {

[[nodiscard]] std::size_t row_bytes_of(ChunkIndex const& index) {
  switch (index.encoding) {
    case Encoding::hardcalls:
      return (index.n_samples + 3) / 4;
    case Encoding::dosage8:
      return index.n_samples;
    case Encoding::dosage16:
      return 2 * index.n_samples;
  }
  return 0;
}

void check(ChunkIndex const& index) {
  std::size_t const n_chunks =
      index.rows_per_chunk == 0
          ? 0
          : (index.n_variants + index.rows_per_chunk - 1) / index.rows_per_chunk;
  bool const agrees = n_chunks > 0 && index.offset.size() == n_chunks &&
                      index.size.size() == n_chunks && index.row_bytes == row_bytes_of(index) &&
                      (index.crc32c.empty() || index.crc32c.size() == n_chunks);
  if (!agrees) {
    throw ShapeError(index.path + ": the chunk index holds " + std::to_string(index.offset.size()) +
                     " chunks; expected " + std::to_string(n_chunks) + " for " +
                     std::to_string(index.n_variants) + " variants.");
  }
}

/// Bytes read; less than asked only at the end of the file.
[[nodiscard]] std::size_t read_at(int file, std::span<std::byte> out, std::uint64_t offset,
                                  std::string const& path) {
  std::size_t n_read = 0;
  while (n_read < out.size()) {
    auto const got = ::pread(file, out.data() + n_read, out.size() - n_read,
                             static_cast<off_t>(offset + n_read));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      throw SystemError(path + ": " + std::strerror(errno), errno);
    }
    if (got == 0) {
      break;
    }
    n_read += static_cast<std::size_t>(got);
  }
  return n_read;
}

}  // namespace

ChunkReader::ChunkReader(ChunkIndex index) : index_(std::move(index)) {
  check(index_);
  file_ = ::open(index_.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) {
    throw SystemError(index_.path + ": " + std::strerror(errno), errno);
  }
}

ChunkReader::~ChunkReader() { ::close(file_); }

std::size_t ChunkReader::rows_in(std::size_t chunk) const noexcept {
  return std::min(index_.rows_per_chunk, index_.n_variants - chunk * index_.rows_per_chunk);
}

std::string ChunkReader::describe(std::size_t chunk) const {
  std::size_t const first = chunk * index_.rows_per_chunk;
  return index_.path + ": chunk " + std::to_string(chunk) + " (variants " +
         std::to_string(first + 1) + " to " + std::to_string(first + rows_in(chunk)) + ")";
}

std::byte const* ChunkReader::row(std::size_t variant, ChunkBuffer& buffer) const {
  std::size_t const chunk = variant / index_.rows_per_chunk;
  if (buffer.chunk != chunk) {
    load(chunk, buffer);
  }
  return buffer.rows.data() + (variant % index_.rows_per_chunk) * index_.row_bytes;
}

void ChunkReader::load(std::size_t chunk, ChunkBuffer& buffer) const {
  buffer.chunk = static_cast<std::size_t>(-1);
  // HDF5 stores a last chunk in full; a .bed ends with its last row.
  std::size_t const needed = rows_in(chunk) * index_.row_bytes;
  std::size_t const full = index_.rows_per_chunk * index_.row_bytes;
  auto& target = index_.codec == Codec::raw ? buffer.rows : buffer.stored;
  target.resize(index_.size[chunk]);
  std::size_t const n_read = read_at(file_, target, index_.offset[chunk], index_.path);
  if (n_read < target.size() || (index_.codec == Codec::raw && n_read < needed)) {
    throw CorruptFile(describe(chunk) + " has " + std::to_string(n_read) + " bytes; expected " +
                      std::to_string(std::max<std::size_t>(target.size(), needed)) +
                      ". The file was cut short or changed: make it again.");
  }
  if (!index_.crc32c.empty() && crc32c(target) != index_.crc32c[chunk]) {
    throw CorruptFile(describe(chunk) + " has CRC-32C " + std::to_string(crc32c(target)) +
                      "; expected " + std::to_string(index_.crc32c[chunk]) +
                      ". The file is damaged: convert the source again.");
  }
  if (index_.codec == Codec::zstd) {
    buffer.rows.resize(full);
    try {
      zstd_decompress(buffer.stored, buffer.rows);
    } catch (CorruptFile const& error) {
      throw CorruptFile(describe(chunk) + ": " + error.what());
    }
  }
  buffer.chunk = chunk;
}

}  // namespace igwas
