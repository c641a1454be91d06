// Where genotypes come from: chunks of a file, or an array in memory.
#pragma once

#include "igwas/chunk_reader.hpp"
#include "igwas/genotype_batch.hpp"
#include "igwas/matrix_view.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace igwas {

/// Fills batches with chosen variants of the analysed samples. Shared by all threads.
class GenotypeSource {
 public:
  /// What one thread keeps between calls.
  using Scratch = ChunkBuffer;

  virtual ~GenotypeSource() = default;

  [[nodiscard]] virtual std::size_t n_variants() const noexcept = 0;
  [[nodiscard]] virtual std::size_t n_samples() const noexcept = 0;

  /// What batches hold.
  [[nodiscard]] virtual GenotypeBatch::Kind kind() const noexcept = 0;

  /// Bytes a decoded variant of `n_samples` takes in a batch.
  [[nodiscard]] virtual std::size_t batch_row_bytes(std::size_t n_samples) const noexcept = 0;

  /// Decode `variants` (rows of the source, ascending) of `samples` (ascending) into `batch`.
  virtual void read(std::span<std::int64_t const> variants, std::span<std::int64_t const> samples,
                    GenotypeBatch& batch, Scratch& scratch) const = 0;
};

/// Chunks of a genotypes.h5, or a .bed.
[[nodiscard]] std::unique_ptr<GenotypeSource> make_file_source(ChunkIndex index);

/// What batches hold of an array with fractions: its values, summed in float64, or fine codes,
/// whose sums are exact; for a device.
enum class Fractions { values, fine };

/// An array (variants, samples) of effect allele copies in memory, 0 to 2; NaN is missing. Where
/// all are 0, 1, 2 or missing, batches hold hard calls.
[[nodiscard]] std::unique_ptr<GenotypeSource> make_array_source(
    MatrixView<float const> dosage, Fractions fractions = Fractions::values);
[[nodiscard]] std::unique_ptr<GenotypeSource> make_array_source(
    MatrixView<double const> dosage, Fractions fractions = Fractions::values);

/// The same as whole numbers 0, 1, 2; negative is missing.
[[nodiscard]] std::unique_ptr<GenotypeSource> make_array_source(
    MatrixView<std::int8_t const> calls);

}  // namespace igwas
