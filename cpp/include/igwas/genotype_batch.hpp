// Some variants of the analysed samples, decoded from any source into one form the kernel reads.
#pragma once

#include "igwas/aligned_buffer.hpp"
#include "igwas/fine_codes.hpp"
#include "igwas/packed_calls.hpp"
#include "igwas/scan_model.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace igwas {

/// Samples the kernel takes at once: their rows of phenotypes stay in the second-level cache.
inline constexpr std::size_t tile_samples = 256;

/// How stored values become copies of the effect allele: dosage = code x scale.
struct DosageScale {
  double scale = 1;
  double ploidy_code = 2;  ///< the code of two copies
};

inline constexpr DosageScale fine_dosage_scale{fine_scale, two_copies_fine};

/// The non-zero and the missing samples of one variant within a tile, in ascending order.
struct TileEntries {
  std::array<std::uint16_t, tile_samples> sample;  ///< place within the tile
  std::array<double, tile_samples> weight;         ///< code, counted for the rarer allele
  std::size_t n = 0;
  std::array<std::uint16_t, tile_samples> missing_sample;
  std::size_t n_missing = 0;
};

/// Sums over the called samples of a mask, in code units of the rarer allele.
struct CodeSums {
  std::size_t n_samples = 0;  ///< in the mask
  std::size_t n_missing = 0;
  double sum = 0;
  double sum_of_squares = 0;
  std::size_t n_haploid_called = 0;  ///< called samples that carry one copy of the chromosome
  double haploid_sum = 0;            ///< their share of `sum`
  bool is_constant = true;  ///< every call is the same; sums of fractions are too rounded to tell
  // Genotype counts of called diploid samples, for Hardy-Weinberg; hard calls only.
  std::size_t n_two_effect = 0;
  std::size_t n_one_of_each = 0;
  std::size_t n_two_other = 0;
};

/// Sets of analysed samples, prepared once for a model.
struct SampleSets {
  explicit SampleSets(ScanModel const& model);

  std::vector<std::vector<std::uint64_t>> mask;  ///< (masks) bits at low positions
  std::vector<std::size_t> mask_size;            ///< (masks) samples in it
  std::vector<std::uint64_t> male;
  std::vector<std::uint64_t> everybody;
};

/// A batch of rows. Exactly one of the representations is filled, by the source.
///
/// `flipped[v]` says that codes count the other allele because the effect allele is the commoner
/// one among all analysed samples: fewer entries, and less cancellation in sums of squares.
///
/// Bytes are codes of 0 to 254 for 0 to 2 copies; 255 is missing. Preparing a row also makes its
/// nearest hard calls. Codes are 0 to 65534 for 0 to 2 copies; 65535 is missing. Fine codes are
/// 0 to two_copies_fine, or missing_fine. All stay as the source wrote them, whichever allele is
/// counted.
class GenotypeBatch {
 public:
  enum class Kind { calls, bytes, codes, fine, values };

  /// How many samples carry what, of the allele that is counted; not of values.
  struct CallShape {
    std::size_t n_counted = 0;  ///< one copy or two; of codes: any of it
    std::size_t n_pairs = 0;    ///< two copies; not of codes of either kind
    std::size_t n_missing = 0;
    std::size_t n_fractional = 0;  ///< called, of no whole number of copies; of bytes only
  };

  struct CallCounts {
    std::size_t two_effect = 0;
    std::size_t missing = 0;
    std::size_t one_of_each = 0;
    std::size_t two_other = 0;
  };

  /// Make room for `n_variants` rows of `n_samples`.
  void reset(Kind kind, std::size_t n_variants, std::size_t n_samples, DosageScale scale);

  [[nodiscard]] std::size_t size() const noexcept { return n_variants_; }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] DosageScale scale() const noexcept { return scale_; }
  [[nodiscard]] bool is_flipped(std::size_t variant) const noexcept { return flipped_[variant]; }

  [[nodiscard]] std::span<std::uint64_t> calls(std::size_t variant) noexcept;
  [[nodiscard]] std::span<std::uint64_t const> calls(std::size_t variant) const noexcept;
  /// The same, followed by missing calls up to a multiple of call_multiple samples.
  [[nodiscard]] std::uint64_t const* padded_calls(std::size_t variant) const noexcept {
    return calls_.data() + variant * call_stride_;
  }
  [[nodiscard]] std::span<std::uint8_t> bytes(std::size_t variant) noexcept;
  /// Followed by missing codes up to a multiple of call_multiple samples.
  [[nodiscard]] std::uint8_t const* padded_bytes(std::size_t variant) const noexcept {
    return bytes_.data() + variant * padded_samples();
  }
  [[nodiscard]] std::span<std::uint16_t> codes(std::size_t variant) noexcept;
  /// Followed by missing codes up to a multiple of call_multiple samples.
  [[nodiscard]] std::uint16_t const* padded_codes(std::size_t variant) const noexcept {
    return codes_.data() + variant * padded_samples();
  }
  [[nodiscard]] std::span<std::uint32_t> fine(std::size_t variant) noexcept;
  /// Followed by missing codes up to a multiple of call_multiple samples.
  [[nodiscard]] std::uint32_t const* padded_fine(std::size_t variant) const noexcept {
    return fine_.data() + variant * padded_samples();
  }
  [[nodiscard]] std::span<double> values(std::size_t variant) noexcept;

  /// After a row is filled: clear calls that ploidy rules out, and choose the counted allele.
  void prepare(std::size_t variant, Haploid haploid, SampleSets const& sets);

  [[nodiscard]] CodeSums sums(std::size_t variant, std::size_t mask, Haploid haploid,
                              SampleSets const& sets) const;

  /// Known once a variant is prepared.
  [[nodiscard]] CallShape call_shape(std::size_t variant) const noexcept {
    return shapes_[variant];
  }

  /// Entries of samples [first, first + n), n <= tile_samples, first a multiple of 32.
  void tile(std::size_t variant, std::size_t first, std::size_t n, TileEntries& out) const;

  /// Samples of a mask without a call, ascending.
  void list_missing(std::size_t variant, std::size_t mask, SampleSets const& sets,
                    std::vector<std::uint32_t>& out) const;

  static constexpr std::uint16_t missing_code = 65535;
  static constexpr std::uint8_t missing_byte = 0xFF;
  static constexpr std::uint8_t two_copies_byte = 254;
  static constexpr std::uint16_t two_copies_code = 65534;
  static constexpr std::size_t call_multiple = 192;

 private:
  /// Counts over all samples, known since the variant was prepared.
  [[nodiscard]] CallCounts all_counts(std::size_t variant) const noexcept;
  void prepare_bytes(std::size_t variant);
  void prepare_codes(std::size_t variant);
  void prepare_fine(std::size_t variant);
  /// Of bytes or codes of either kind; `sum_of(set, n_words)` gives their EffectSums.
  template <typename SumOf>
  [[nodiscard]] CodeSums sums_of_dosages(std::size_t variant, std::size_t mask, Haploid haploid,
                                         SampleSets const& sets, SumOf const& sum_of) const;
  [[nodiscard]] double code_at(std::size_t variant, std::size_t sample) const;
  void tile_of_calls(std::size_t variant, std::size_t first, std::size_t n, TileEntries& out) const;
  [[nodiscard]] std::size_t padded_samples() const noexcept {
    return call_stride_ * calls_per_word;
  }

  Kind kind_ = Kind::calls;
  std::size_t n_variants_ = 0;
  std::size_t n_samples_ = 0;
  DosageScale scale_;
  std::size_t call_stride_ = 0;         ///< words from row to row
  AlignedBuffer<std::uint64_t> calls_;  ///< of bytes: the nearest
  AlignedBuffer<std::uint8_t> bytes_;
  AlignedBuffer<std::uint16_t> codes_;
  AlignedBuffer<std::uint32_t> fine_;
  std::vector<double> values_;  ///< NaN is missing
  std::vector<std::uint8_t> flipped_;
  std::vector<CallShape> shapes_;
};

}  // namespace igwas
