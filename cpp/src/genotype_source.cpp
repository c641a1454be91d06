#include "igwas/genotype_source.hpp"

#include "igwas/allele_copies.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace igwas {

namespace {

constexpr DosageScale dosage8_scale{2.0 / 254, 254};
constexpr DosageScale dosage16_scale{2.0 / GenotypeBatch::two_copies_code,
                                     GenotypeBatch::two_copies_code};

class FileSource final : public GenotypeSource {
 public:
  explicit FileSource(ChunkIndex index) : reader_(std::move(index)) {}

  [[nodiscard]] std::size_t n_variants() const noexcept override {
    return reader_.index().n_variants;
  }
  [[nodiscard]] std::size_t n_samples() const noexcept override {
    return reader_.index().n_samples;
  }
  [[nodiscard]] GenotypeBatch::Kind kind() const noexcept override {
    switch (reader_.index().encoding) {
      case Encoding::dosage8:
        return GenotypeBatch::Kind::bytes;
      case Encoding::dosage16:
        return GenotypeBatch::Kind::codes;
      case Encoding::hardcalls:
        break;
    }
    return GenotypeBatch::Kind::calls;
  }
  [[nodiscard]] std::size_t batch_row_bytes(std::size_t n_samples) const noexcept override {
    switch (reader_.index().encoding) {
      case Encoding::hardcalls:
        return 8 * words_for(n_samples);
      case Encoding::dosage8:
        return n_samples + 8 * words_for(n_samples);  // with the nearest calls
      case Encoding::dosage16:
        break;
    }
    return 2 * n_samples;
  }

  void read(std::span<std::int64_t const> variants, std::span<std::int64_t const> samples,
            GenotypeBatch& batch, Scratch& scratch) const override {
    switch (reader_.index().encoding) {
      case Encoding::hardcalls:
        read_calls(variants, samples, batch, scratch);
        return;
      case Encoding::dosage8:
        read_bytes(variants, samples, batch, scratch);
        return;
      case Encoding::dosage16:
        read_codes(variants, samples, batch, scratch);
    }
  }

 private:
  void read_calls(std::span<std::int64_t const> variants, std::span<std::int64_t const> samples,
                  GenotypeBatch& batch, Scratch& scratch) const {
    CallGather const gather(samples, n_samples());
    batch.reset(GenotypeBatch::Kind::calls, variants.size(), samples.size(), DosageScale{});
    for (std::size_t v = 0; v < variants.size(); ++v) {
      gather(reader_.row(static_cast<std::size_t>(variants[v]), scratch), batch.calls(v));
    }
  }

  void read_bytes(std::span<std::int64_t const> variants, std::span<std::int64_t const> samples,
                  GenotypeBatch& batch, Scratch& scratch) const {
    bool const is_everybody = samples.size() == n_samples();
    batch.reset(GenotypeBatch::Kind::bytes, variants.size(), samples.size(), dosage8_scale);
    for (std::size_t v = 0; v < variants.size(); ++v) {
      std::byte const* row = reader_.row(static_cast<std::size_t>(variants[v]), scratch);
      auto const bytes = batch.bytes(v);
      if (is_everybody) {
        std::memcpy(bytes.data(), row, bytes.size());
        continue;
      }
      for (std::size_t i = 0; i < samples.size(); ++i) {
        bytes[i] = std::to_integer<std::uint8_t>(row[samples[i]]);
      }
    }
  }

  void read_codes(std::span<std::int64_t const> variants, std::span<std::int64_t const> samples,
                  GenotypeBatch& batch, Scratch& scratch) const {
    bool const is_everybody = samples.size() == n_samples();
    batch.reset(GenotypeBatch::Kind::codes, variants.size(), samples.size(), dosage16_scale);
    for (std::size_t v = 0; v < variants.size(); ++v) {
      std::byte const* row = reader_.row(static_cast<std::size_t>(variants[v]), scratch);
      auto const codes = batch.codes(v);
      if (is_everybody) {
        std::memcpy(codes.data(), row, codes.size_bytes());
        continue;
      }
      for (std::size_t i = 0; i < samples.size(); ++i) {
        std::memcpy(&codes[i], row + 2 * samples[i], 2);
      }
    }
  }

  ChunkReader reader_;
};

/// Whether every value is 0, 1, 2 or missing.
template <typename T>
[[nodiscard]] bool holds_calls(MatrixView<T const> dosage) noexcept {
  for (std::size_t row = 0; row < dosage.rows; ++row) {
    T const* values = dosage.row(row);
    // Counted, not left at the first: so that the compiler takes many values at a time.
    std::size_t n_calls = 0;
    for (std::size_t i = 0; i < dosage.columns; ++i) {
      n_calls += is_call(values[i]) ? 1 : 0;
    }
    if (n_calls != dosage.columns) {
      return false;
    }
  }
  return true;
}

/// Whole copies, packed as they are read: summed as integers, like the calls of a file.
template <typename T>
class CallArraySource final : public GenotypeSource {
 public:
  explicit CallArraySource(MatrixView<T const> copies) : copies_(copies) {}

  [[nodiscard]] std::size_t n_variants() const noexcept override { return copies_.rows; }
  [[nodiscard]] std::size_t n_samples() const noexcept override { return copies_.columns; }
  [[nodiscard]] GenotypeBatch::Kind kind() const noexcept override {
    return GenotypeBatch::Kind::calls;
  }
  [[nodiscard]] std::size_t batch_row_bytes(std::size_t n_samples) const noexcept override {
    return 8 * words_for(n_samples);
  }

  void read(std::span<std::int64_t const> variants, std::span<std::int64_t const> samples,
            GenotypeBatch& batch, Scratch&) const override {
    batch.reset(GenotypeBatch::Kind::calls, variants.size(), samples.size(), DosageScale{});
    for (std::size_t v = 0; v < variants.size(); ++v) {
      pack(copies_.row(static_cast<std::size_t>(variants[v])), samples, batch.calls(v));
    }
  }

 private:
  static void pack(T const* row, std::span<std::int64_t const> samples,
                   std::span<std::uint64_t> words) noexcept {
    for (std::size_t word = 0; word < words.size(); ++word) {
      std::size_t const first = word * calls_per_word;
      std::size_t const n = std::min(calls_per_word, samples.size() - first);
      // Places past the last sample are missing.
      std::uint64_t packed = n == calls_per_word ? 0 : low_bits << (2 * n);
      for (std::size_t i = 0; i < n; ++i) {
        packed |= std::uint64_t{code_of_call(row[samples[first + i]])} << (2 * i);
      }
      words[word] = packed;
    }
  }

  MatrixView<T const> copies_;
};

template <typename T>
class ArraySource final : public GenotypeSource {
 public:
  explicit ArraySource(MatrixView<T const> dosage) : dosage_(dosage) {}

  [[nodiscard]] std::size_t n_variants() const noexcept override { return dosage_.rows; }
  [[nodiscard]] std::size_t n_samples() const noexcept override { return dosage_.columns; }
  [[nodiscard]] GenotypeBatch::Kind kind() const noexcept override {
    return GenotypeBatch::Kind::values;
  }
  [[nodiscard]] std::size_t batch_row_bytes(std::size_t n_samples) const noexcept override {
    return sizeof(double) * n_samples;
  }

  void read(std::span<std::int64_t const> variants, std::span<std::int64_t const> samples,
            GenotypeBatch& batch, Scratch&) const override {
    batch.reset(GenotypeBatch::Kind::values, variants.size(), samples.size(), DosageScale{});
    for (std::size_t v = 0; v < variants.size(); ++v) {
      T const* row = dosage_.row(static_cast<std::size_t>(variants[v]));
      auto const values = batch.values(v);
      for (std::size_t i = 0; i < samples.size(); ++i) {
        values[i] = dosage_of(row[samples[i]]);
      }
    }
  }

 private:
  [[nodiscard]] static double dosage_of(T value) noexcept {
    return is_missing_copies(value) ? std::numeric_limits<double>::quiet_NaN()
                                    : static_cast<double>(value);
  }

  MatrixView<T const> dosage_;
};

/// Fractions rounded to fine codes, for a device.
template <typename T>
class FineArraySource final : public GenotypeSource {
 public:
  explicit FineArraySource(MatrixView<T const> dosage) : dosage_(dosage) {}

  [[nodiscard]] std::size_t n_variants() const noexcept override { return dosage_.rows; }
  [[nodiscard]] std::size_t n_samples() const noexcept override { return dosage_.columns; }
  [[nodiscard]] GenotypeBatch::Kind kind() const noexcept override {
    return GenotypeBatch::Kind::fine;
  }
  [[nodiscard]] std::size_t batch_row_bytes(std::size_t n_samples) const noexcept override {
    return sizeof(std::uint32_t) * n_samples;
  }

  void read(std::span<std::int64_t const> variants, std::span<std::int64_t const> samples,
            GenotypeBatch& batch, Scratch&) const override {
    batch.reset(GenotypeBatch::Kind::fine, variants.size(), samples.size(), fine_dosage_scale);
    for (std::size_t v = 0; v < variants.size(); ++v) {
      T const* row = dosage_.row(static_cast<std::size_t>(variants[v]));
      auto const codes = batch.fine(v);
      for (std::size_t i = 0; i < samples.size(); ++i) {
        codes[i] = fine_code_of(row[samples[i]]);
      }
    }
  }

 private:
  MatrixView<T const> dosage_;
};

template <typename T>
[[nodiscard]] std::unique_ptr<GenotypeSource> array_source(MatrixView<T const> dosage,
                                                           Fractions fractions) {
  if (holds_calls(dosage)) {
    return std::make_unique<CallArraySource<T>>(dosage);
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (fractions == Fractions::fine) {
      return std::make_unique<FineArraySource<T>>(dosage);
    }
  }
  return std::make_unique<ArraySource<T>>(dosage);
}

}  // namespace

std::unique_ptr<GenotypeSource> make_file_source(ChunkIndex index) {
  return std::make_unique<FileSource>(std::move(index));
}

std::unique_ptr<GenotypeSource> make_array_source(MatrixView<float const> dosage,
                                                  Fractions fractions) {
  return array_source(dosage, fractions);
}

std::unique_ptr<GenotypeSource> make_array_source(MatrixView<double const> dosage,
                                                  Fractions fractions) {
  return array_source(dosage, fractions);
}

std::unique_ptr<GenotypeSource> make_array_source(MatrixView<std::int8_t const> calls) {
  return array_source(calls, Fractions::values);
}

}  // namespace igwas
