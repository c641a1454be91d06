#include "igwas/genotype_batch.hpp"

#include "call_counts.hpp"
#include "igwas/device_tests.hpp"
#include "igwas/multiversion.hpp"
#include "kernels/code_kernels.hpp"
#include "kernels/dosage_kernels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace igwas {

namespace {

/// Written past the end of a list, at most.
constexpr int places_ahead = 2;

/// Rows of the samples of `set` without a call, and how many.
IGWAS_MULTIVERSION
std::size_t list_samples_without_call(std::uint64_t const* calls, std::uint64_t const* set,
                                      std::size_t n, std::uint32_t* to) {
  std::uint32_t const* const first = to;
  for (std::size_t word = 0; word < n; ++word) {
    std::uint64_t rest = calls[word] & ~(calls[word] >> 1) & set[word];
    std::uint32_t* const end = to + std::popcount(rest);
    // Written whether there are as many or not: how many there are is hard to predict.
    do {
      for (int i = 0; i < places_ahead; ++i) {
        auto const bit = static_cast<std::size_t>(std::countr_zero(rest));
        to[i] = static_cast<std::uint32_t>(word * calls_per_word + bit / 2);
        rest &= rest - 1;
      }
      to += places_ahead;
    } while (to < end);
    to = end;
  }
  return static_cast<std::size_t>(to - first);
}

[[nodiscard]] bool is_in(std::uint64_t const* set, std::size_t sample) noexcept {
  return ((set[sample / calls_per_word] >> (2 * (sample % calls_per_word))) & 1U) != 0;
}

[[nodiscard]] bool is_in(std::vector<std::uint64_t> const& set, std::size_t sample) noexcept {
  return is_in(set.data(), sample);
}

/// Sums of the fine codes of called samples for which `is_member(sample)` holds.
template <typename IsMember>
[[nodiscard]] EffectSums sum_fine(std::uint32_t const* codes, std::size_t n_samples,
                                  IsMember const& is_member) {
  EffectSums sums;
  for (std::size_t i = 0; i < n_samples; ++i) {
    std::uint64_t const code = codes[i];
    if (code == missing_fine || !is_member(i)) {
      continue;
    }
    ++sums.n_called;
    sums.sum += code;
    sums.sum_of_squares += code * code;
    sums.least = std::min(sums.least, codes[i]);
    sums.greatest = std::max(sums.greatest, codes[i]);
  }
  return sums;
}

/// Sums of values, NaN where missing.
void add_values(CodeSums& sums, std::span<double const> values,
                std::vector<std::uint64_t> const& mask, std::vector<std::uint64_t> const* haploid) {
  double first = std::nan("");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!is_in(mask, i)) {
      continue;
    }
    double const code = values[i];
    if (std::isnan(code)) {
      ++sums.n_missing;
      continue;
    }
    first = std::isnan(first) ? code : first;
    sums.is_constant = sums.is_constant && code == first;
    sums.sum += code;
    sums.sum_of_squares += code * code;
    if (haploid != nullptr && is_in(*haploid, i)) {
      ++sums.n_haploid_called;
      sums.haploid_sum += code;
    }
  }
}

[[nodiscard]] std::vector<std::uint64_t> const* haploid_set(Haploid haploid,
                                                            SampleSets const& sets) noexcept {
  switch (haploid) {
    case Haploid::nobody:
      return nullptr;
    case Haploid::males:
      return &sets.male;
    case Haploid::everybody:
      return &sets.everybody;
  }
  return nullptr;
}

void fill_call_sums(CodeSums& sums, GenotypeBatch::CallCounts const& counts,
                    bool is_flipped) noexcept {
  std::size_t const two = is_flipped ? counts.two_other : counts.two_effect;
  sums.n_missing = counts.missing;
  sums.sum = static_cast<double>(2 * two + counts.one_of_each);
  sums.sum_of_squares = static_cast<double>(4 * two + counts.one_of_each);
  int const n_kinds = (counts.two_effect != 0 ? 1 : 0) + (counts.one_of_each != 0 ? 1 : 0) +
                      (counts.two_other != 0 ? 1 : 0);
  sums.is_constant = n_kinds <= 1;
}

}  // namespace

SampleSets::SampleSets(ScanModel const& model)
    : male(sample_bits(model.is_male)),
      everybody(sample_bits(std::vector<std::uint8_t>(model.n_samples(), 1))) {
  mask.reserve(model.masks.size());
  for (MaskGroup const& group : model.masks) {
    mask.push_back(sample_bits(group.is_member));
    mask_size.push_back(static_cast<std::size_t>(
        std::ranges::count_if(group.is_member, [](std::uint8_t member) { return member != 0; })));
  }
}

void GenotypeBatch::reset(Kind kind, std::size_t n_variants, std::size_t n_samples,
                          DosageScale scale) {
  kind_ = kind;
  n_variants_ = n_variants;
  n_samples_ = n_samples;
  scale_ = scale;
  flipped_.assign(n_variants, 0);
  shapes_.assign(n_variants, {});
  call_stride_ = (n_samples + call_multiple - 1) / call_multiple * call_multiple / calls_per_word;
  bool const has_calls = kind == Kind::calls || kind == Kind::bytes;
  calls_.resize(has_calls ? n_variants * call_stride_ : 0);
  for (std::size_t v = 0; kind == Kind::calls && v < n_variants; ++v) {
    std::fill(calls_.data() + v * call_stride_ + words_for(n_samples),
              calls_.data() + (v + 1) * call_stride_, low_bits);
  }
  std::size_t const padded = padded_samples();
  auto const pad = [&](auto& rows, bool is_kind, auto missing) {
    rows.resize(is_kind ? n_variants * padded : 0);
    for (std::size_t v = 0; is_kind && v < n_variants; ++v) {
      std::fill(rows.data() + v * padded + n_samples, rows.data() + (v + 1) * padded, missing);
    }
  };
  pad(bytes_, kind == Kind::bytes, missing_byte);
  pad(codes_, kind == Kind::codes, missing_code);
  pad(fine_, kind == Kind::fine, missing_fine);
  values_.resize(kind == Kind::values ? n_variants * n_samples : 0);
}

std::span<std::uint64_t> GenotypeBatch::calls(std::size_t variant) noexcept {
  return {calls_.data() + variant * call_stride_, words_for(n_samples_)};
}

std::span<std::uint64_t const> GenotypeBatch::calls(std::size_t variant) const noexcept {
  return {calls_.data() + variant * call_stride_, words_for(n_samples_)};
}

std::span<std::uint8_t> GenotypeBatch::bytes(std::size_t variant) noexcept {
  return {bytes_.data() + variant * padded_samples(), n_samples_};
}

std::span<std::uint16_t> GenotypeBatch::codes(std::size_t variant) noexcept {
  return {codes_.data() + variant * padded_samples(), n_samples_};
}

std::span<std::uint32_t> GenotypeBatch::fine(std::size_t variant) noexcept {
  return {fine_.data() + variant * padded_samples(), n_samples_};
}

std::span<double> GenotypeBatch::values(std::size_t variant) noexcept {
  return {values_.data() + variant * n_samples_, n_samples_};
}

void GenotypeBatch::prepare_bytes(std::size_t variant) {
  kernels::ByteCounts const counts = kernels::dosage_kernels().pack_calls(
      padded_bytes(variant), call_stride_, calls_.data() + variant * call_stride_);
  std::size_t const n_missing = counts.n_missing - (padded_samples() - n_samples_);
  bool const is_flipped = 2 * counts.sum > two_copies_byte * (n_samples_ - n_missing);
  std::size_t const pairs = is_flipped ? counts.n_none : counts.n_two;
  flipped_[variant] = is_flipped;
  shapes_[variant] = {pairs + counts.n_one, pairs, n_missing, counts.n_fractional};
}

void GenotypeBatch::prepare_codes(std::size_t variant) {
  kernels::CodeCounts const counts =
      kernels::code_kernels().count(padded_codes(variant), call_stride_);
  std::size_t const n_missing = counts.n_missing - (padded_samples() - n_samples_);
  std::size_t const n_called = n_samples_ - n_missing;
  bool const is_flipped = 2 * counts.sum > std::uint64_t{two_copies_code} * n_called;
  flipped_[variant] = is_flipped;
  shapes_[variant] = {n_called - (is_flipped ? counts.n_two : counts.n_none), 0, n_missing, 0};
}

void GenotypeBatch::prepare_fine(std::size_t variant) {
  EffectSums const all =
      sum_fine(padded_fine(variant), n_samples_, [](std::size_t) { return true; });
  bool const is_flipped = 2 * all.sum > std::uint64_t{two_copies_fine} * all.n_called;
  std::uint32_t const none = is_flipped ? two_copies_fine : 0;
  auto const n_none = static_cast<std::size_t>(
      std::count(fine_.data() + variant * padded_samples(),
                 fine_.data() + variant * padded_samples() + n_samples_, none));
  flipped_[variant] = is_flipped;
  shapes_[variant] = {all.n_called - n_none, 0, n_samples_ - all.n_called, 0};
}

void GenotypeBatch::prepare(std::size_t variant, Haploid haploid, SampleSets const& sets) {
  if (kind_ == Kind::bytes) {
    prepare_bytes(variant);
    return;
  }
  if (kind_ == Kind::codes) {
    prepare_codes(variant);
    return;
  }
  if (kind_ == Kind::fine) {
    prepare_fine(variant);
    return;
  }
  if (kind_ == Kind::calls) {
    auto const row = calls(variant);
    if (auto const* single = haploid_set(haploid, sets)) {
      // One of each becomes missing: 10 -> 01.
      for (std::size_t word = 0; word < row.size(); ++word) {
        std::uint64_t const wrong = planes_of(row[word]).one_of_each & (*single)[word];
        row[word] = (row[word] & ~(wrong << 1)) | wrong;
      }
    }
    CallCounts const counts =
        count_calls(row.data(), sets.everybody.data(), row.size(), n_samples_);
    flipped_[variant] = counts.two_effect > counts.two_other;
    std::size_t const pairs = std::min(counts.two_effect, counts.two_other);
    shapes_[variant] = {pairs + counts.one_of_each, pairs, counts.missing, 0};
    return;
  }
  CodeSums all;
  all.n_samples = n_samples_;
  add_values(all, values(variant), sets.everybody, nullptr);
  auto const n_called = static_cast<double>(n_samples_ - all.n_missing);
  if (2 * all.sum <= scale_.ploidy_code * n_called) {
    return;
  }
  flipped_[variant] = 1;
  for (auto& value : values(variant)) {
    value = scale_.ploidy_code - value;
  }
}

GenotypeBatch::CallCounts GenotypeBatch::all_counts(std::size_t variant) const noexcept {
  CallShape const& shape = shapes_[variant];
  std::size_t const one_of_each = shape.n_counted - shape.n_pairs;
  std::size_t const others = n_samples_ - shape.n_missing - shape.n_counted;
  return flipped_[variant] != 0 ? CallCounts{others, shape.n_missing, one_of_each, shape.n_pairs}
                                : CallCounts{shape.n_pairs, shape.n_missing, one_of_each, others};
}

template <typename SumOf>
CodeSums GenotypeBatch::sums_of_dosages(std::size_t variant, std::size_t mask, Haploid haploid,
                                        SampleSets const& sets, SumOf const& sum_of) const {
  auto const& members = sets.mask[mask];
  bool const is_flipped = flipped_[variant] != 0;
  CodeSums sums =
      count_allele(sum_of(members.data(), members.size()), kind_, sets.mask_size[mask], is_flipped);
  if (auto const* single = haploid_set(haploid, sets)) {
    std::vector<std::uint64_t> both(members.size());
    std::transform(members.begin(), members.end(), single->begin(), both.begin(),
                   [](std::uint64_t a, std::uint64_t b) { return a & b; });
    EffectSums const haploids = sum_of(both.data(), both.size());
    sums.n_haploid_called = haploids.n_called;
    sums.haploid_sum = count_allele(haploids, kind_, haploids.n_called, is_flipped).sum;
  }
  return sums;
}

CodeSums GenotypeBatch::sums(std::size_t variant, std::size_t mask, Haploid haploid,
                             SampleSets const& sets) const {
  auto const effect_sums = [](auto const& of) {
    return EffectSums{of.n_called, 0, of.sum, of.sum_of_squares, of.least, of.greatest};
  };
  if (kind_ == Kind::bytes) {
    return sums_of_dosages(variant, mask, haploid, sets, [&](auto const* set, std::size_t n) {
      return effect_sums(kernels::dosage_kernels().sum(padded_bytes(variant), set, n));
    });
  }
  if (kind_ == Kind::codes) {
    return sums_of_dosages(variant, mask, haploid, sets, [&](auto const* set, std::size_t n) {
      return effect_sums(kernels::code_kernels().sum(padded_codes(variant), set, n));
    });
  }
  if (kind_ == Kind::fine) {
    return sums_of_dosages(variant, mask, haploid, sets, [&](auto const* set, std::size_t) {
      return sum_fine(padded_fine(variant), n_samples_,
                      [set](std::size_t sample) { return is_in(set, sample); });
    });
  }
  auto const& members = sets.mask[mask];
  auto const* single = haploid_set(haploid, sets);
  CodeSums sums;
  sums.n_samples = sets.mask_size[mask];
  if (kind_ == Kind::values) {
    add_values(sums, {values_.data() + variant * n_samples_, n_samples_}, members, single);
    return sums;
  }
  std::size_t const n_words = members.size();
  std::uint64_t const* row = padded_calls(variant);
  bool const is_whole = single == nullptr && sums.n_samples == n_samples_;
  CallCounts counts =
      is_whole ? all_counts(variant) : count_calls(row, members.data(), n_words, sums.n_samples);
  bool const is_flipped = flipped_[variant] != 0;
  fill_call_sums(sums, counts, is_flipped);
  if (single != nullptr) {
    std::vector<std::uint64_t> both(n_words);
    std::transform(members.begin(), members.end(), single->begin(), both.begin(),
                   [](std::uint64_t a, std::uint64_t b) { return a & b; });
    std::size_t n_both = 0;
    for (std::uint64_t const word : both) {
      n_both += static_cast<std::size_t>(std::popcount(word));
    }
    CallCounts const haploid_counts = count_calls(row, both.data(), n_words, n_both);
    sums.n_haploid_called = haploid_counts.two_effect + haploid_counts.two_other;
    sums.haploid_sum = static_cast<double>(
        2 * (is_flipped ? haploid_counts.two_other : haploid_counts.two_effect));
    counts.two_effect -= haploid_counts.two_effect;
    counts.two_other -= haploid_counts.two_other;
  }
  sums.n_two_effect = counts.two_effect;
  sums.n_one_of_each = counts.one_of_each;
  sums.n_two_other = counts.two_other;
  return sums;
}

void GenotypeBatch::tile_of_calls(std::size_t variant, std::size_t first, std::size_t n,
                                  TileEntries& out) const {
  std::uint64_t const* row = padded_calls(variant);
  bool const is_flipped = flipped_[variant] != 0;
  for (std::size_t word = first / calls_per_word; word < words_for(first + n); ++word) {
    CallPlanes const planes = planes_of(row[word]);
    std::size_t const base = word * calls_per_word - first;
    std::uint64_t const two = is_flipped ? planes.two_other : planes.two_effect;
    for (std::uint64_t rest = two | planes.one_of_each; rest != 0; rest &= rest - 1) {
      auto const bit = static_cast<std::size_t>(std::countr_zero(rest));
      out.sample[out.n] = static_cast<std::uint16_t>(base + bit / 2);
      out.weight[out.n] = ((two >> bit) & 1U) != 0 ? 2.0 : 1.0;
      ++out.n;
    }
    // Calls past the last sample are missing by construction and are no sample of ours.
    std::size_t const used = std::min(calls_per_word, first + n - word * calls_per_word);
    std::uint64_t const past = used < calls_per_word ? ~std::uint64_t{0} << (2 * used) : 0;
    for (std::uint64_t rest = planes.missing & ~past; rest != 0; rest &= rest - 1) {
      auto const bit = static_cast<std::size_t>(std::countr_zero(rest));
      out.missing_sample[out.n_missing++] = static_cast<std::uint16_t>(base + bit / 2);
    }
  }
}

double GenotypeBatch::code_at(std::size_t variant, std::size_t sample) const {
  auto const counted = [&](std::int64_t code, std::int64_t missing, std::int64_t two) {
    return code == missing ? std::nan("")
                           : static_cast<double>(flipped_[variant] != 0 ? two - code : code);
  };
  if (kind_ == Kind::bytes) {
    return counted(padded_bytes(variant)[sample], missing_byte, two_copies_byte);
  }
  if (kind_ == Kind::codes) {
    return counted(padded_codes(variant)[sample], missing_code, two_copies_code);
  }
  if (kind_ == Kind::fine) {
    return counted(padded_fine(variant)[sample], missing_fine, two_copies_fine);
  }
  return values_[variant * n_samples_ + sample];
}

void GenotypeBatch::tile(std::size_t variant, std::size_t first, std::size_t n,
                         TileEntries& out) const {
  out.n = 0;
  out.n_missing = 0;
  if (kind_ == Kind::calls) {
    tile_of_calls(variant, first, n, out);
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    double const code = code_at(variant, first + i);
    if (std::isnan(code)) {
      out.missing_sample[out.n_missing++] = static_cast<std::uint16_t>(i);
    } else if (code != 0) {
      out.sample[out.n] = static_cast<std::uint16_t>(i);
      out.weight[out.n++] = code;
    }
  }
}

void GenotypeBatch::list_missing(std::size_t variant, std::size_t mask, SampleSets const& sets,
                                 std::vector<std::uint32_t>& out) const {
  out.clear();
  auto const& members = sets.mask[mask];
  if (kind_ == Kind::calls || kind_ == Kind::bytes) {
    out.resize(shapes_[variant].n_missing + places_ahead);
    out.resize(list_samples_without_call(padded_calls(variant), members.data(), members.size(),
                                         out.data()));
    return;
  }
  TileEntries entries;
  for (std::size_t first = 0; first < n_samples_; first += tile_samples) {
    tile(variant, first, std::min(tile_samples, n_samples_ - first), entries);
    for (std::size_t i = 0; i < entries.n_missing; ++i) {
      std::size_t const sample = first + entries.missing_sample[i];
      if (is_in(members, sample)) {
        out.push_back(static_cast<std::uint32_t>(sample));
      }
    }
  }
}

}  // namespace igwas
