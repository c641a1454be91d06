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
  [[nodiscard]] std::size_t batch_row_bytes(std::size_t n_samples) const noexcept override {
    return reader_.index().encoding == Encoding::hardcalls ? 8 * words_for(n_samples)
                                                           : 2 * n_samples;
  }

  void read(std::span<std::int64_t const> variants, std::span<std::int64_t const> samples,
            GenotypeBatch& batch, Scratch& scratch) const override {
    if (reader_.index().encoding == Encoding::hardcalls) {
      read_calls(variants, samples, batch, scratch);
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

  void read_codes(std::span<std::int64_t const> variants, std::span<std::int64_t const> samples,
                  GenotypeBatch& batch, Scratch& scratch) const {
    bool const is_wide = reader_.index().encoding == Encoding::dosage16;
    batch.reset(GenotypeBatch::Kind::codes, variants.size(), samples.size(),
                is_wide ? dosage16_scale : dosage8_scale);
    for (std::size_t v = 0; v < variants.size(); ++v) {
      std::byte const* row = reader_.row(static_cast<std::size_t>(variants[v]), scratch);
      auto const codes = batch.codes(v);
      for (std::size_t i = 0; i < samples.size(); ++i) {
        auto const at = static_cast<std::size_t>(samples[i]);
        if (is_wide) {
          std::memcpy(&codes[i], row + 2 * at, 2);
        } else {
          auto const code = std::to_integer<std::uint16_t>(row[at]);
          codes[i] = code == 0xFF ? GenotypeBatch::missing_code : code;
        }
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
