// Reads stored genotype chunks by byte offset: HDF5 chunks (raw or zstd) and PLINK .bed alike.
//
// The HDF5 library is not used: its filter pipeline holds one lock for the whole process. Thread
// safe: every read is a pread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace igwas {

enum class Encoding { hardcalls, dosage8, dosage16 };

enum class Codec { raw, zstd };

/// Where every chunk of a genotype matrix lies in its file.
struct ChunkIndex {
  std::string path;
  Encoding encoding = Encoding::hardcalls;
  std::size_t n_variants = 0;
  std::size_t n_samples = 0;
  std::size_t row_bytes = 0;  ///< bytes of one variant when decompressed
  std::size_t rows_per_chunk = 0;
  Codec codec = Codec::raw;
  std::vector<std::uint64_t> offset;  ///< (chunks)
  std::vector<std::uint64_t> size;    ///< (chunks) stored bytes
  std::vector<std::uint32_t> crc32c;  ///< (chunks) of the stored bytes; empty if the file has none
};

/// Buffers a reading thread keeps between chunks.
struct ChunkBuffer {
  std::vector<std::byte> stored;
  std::vector<std::byte> rows;  ///< (rows of the chunk, row_bytes)
  std::size_t chunk = static_cast<std::size_t>(-1);
};

class ChunkReader {
 public:
  /// Open the file. Throws ShapeError if the index contradicts itself, SystemError if unreadable.
  explicit ChunkReader(ChunkIndex index);
  ~ChunkReader();
  ChunkReader(ChunkReader const&) = delete;
  ChunkReader& operator=(ChunkReader const&) = delete;

  [[nodiscard]] ChunkIndex const& index() const noexcept { return index_; }

  /// Bytes of one variant, valid until `buffer` is used again.
  ///
  /// Throws CorruptFile naming the chunk and its variants if the stored bytes are cut short, do not
  /// match their CRC-32C, or do not decompress to whole rows.
  [[nodiscard]] std::byte const* row(std::size_t variant, ChunkBuffer& buffer) const;

 private:
  void load(std::size_t chunk, ChunkBuffer& buffer) const;
  [[nodiscard]] std::size_t rows_in(std::size_t chunk) const noexcept;
  [[nodiscard]] std::string describe(std::size_t chunk) const;

  ChunkIndex index_;
  int file_ = -1;
};

}  // namespace igwas
