#include "igwas/genotype_source.hpp"

#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace igwas {

namespace {

constexpr DosageScale dosage8_scale{2.0 / 254, 254};
constexpr DosageScale dosage16_scale{2.0 / 65534, 65534};

class FileSource final : public GenotypeSource {
 public:
  explicit FileSource(ChunkIndex index) : reader_(std::move(index)) {}

  [[nodiscard]] std::size_t n_variants() const noexcept override {
    return reader_.index().n_variants;
  }
  [[nodiscard]] std::size_t n_samples() const noexcept override {
    return reader_.index().n_samples;
  }
  [[nodiscard]] bool has_calls() const noexcept override {
    return reader_.index().encoding == Encoding::hardcalls;
  }
  [[nodiscard]] bool has_bytes() const noexcept override {
    return reader_.index().encoding == Encoding::dosage8;
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
    if (reader_.index().encoding == Encoding::hardcalls) {
      read_calls(variants, samples, batch, scratch);
    } else if (has_bytes()) {
      read_bytes(variants, samples, batch, scratch);
    } else {
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
    batch.reset(GenotypeBatch::Kind::codes, variants.size(), samples.size(), dosage16_scale);
    for (std::size_t v = 0; v < variants.size(); ++v) {
      std::byte const* row = reader_.row(static_cast<std::size_t>(variants[v]), scratch);
      auto const codes = batch.codes(v);
      for (std::size_t i = 0; i < samples.size(); ++i) {
        std::memcpy(&codes[i], row + 2 * samples[i], 2);
      }
    }
  }

  ChunkReader reader_;
};

template <typename T>
class ArraySource final : public GenotypeSource {
 public:
  explicit ArraySource(MatrixView<T const> dosage) : dosage_(dosage) {}

  [[nodiscard]] std::size_t n_variants() const noexcept override { return dosage_.rows; }
  [[nodiscard]] std::size_t n_samples() const noexcept override { return dosage_.columns; }
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
    if constexpr (std::is_integral_v<T>) {
      return value < 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(value);
    } else {
      return static_cast<double>(value);
    }
  }

  MatrixView<T const> dosage_;
};

}  // namespace

std::unique_ptr<GenotypeSource> make_file_source(ChunkIndex index) {
  return std::make_unique<FileSource>(std::move(index));
}

std::unique_ptr<GenotypeSource> make_array_source(MatrixView<float const> dosage) {
  return std::make_unique<ArraySource<float>>(dosage);
}

std::unique_ptr<GenotypeSource> make_array_source(MatrixView<double const> dosage) {
  return std::make_unique<ArraySource<double>>(dosage);
}

std::unique_ptr<GenotypeSource> make_array_source(MatrixView<std::int8_t const> calls) {
  return std::make_unique<ArraySource<std::int8_t>>(calls);
}

}  // namespace igwas
