#include "scan_worker.hpp"

#include "igwas/coefficient.hpp"
#include "igwas/multiversion.hpp"
#include "igwas/student_t.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace igwas {

namespace {

/// Variants of fractions in memory decoded together.
constexpr std::size_t most_rows = 256;

/// Where covariates explain more than the rest, S is a small difference of sums that were rounded
/// to 2^-20: the sums are made again in float64. Above it S is off by less than 1e-6 of itself.
constexpr double least_unexplained_share = 0.05;

[[nodiscard]] bool is_contiguous(MaskGroup const& mask) {
  return std::ranges::adjacent_find(mask.output_column, [](std::int64_t a, std::int64_t b) {
           return b != a + 1;
         }) == mask.output_column.end();
}

/// Whether any squared statistic reaches `chisq`: beta^2 >= chisq se^2, without a division.
IGWAS_MULTIVERSION
bool any_reaches(double const* beta, double const* se, std::size_t n, double chisq) noexcept {
  std::int64_t n_reached = 0;
  for (std::size_t k = 0; k < n; ++k) {
    n_reached += reaches(beta[k], se[k], chisq) ? 1 : 0;
  }
  return n_reached != 0;
}

}  // namespace

ScanWorker::ScanWorker(GenotypeSource const& source, ScanModel const& model, SampleSets const& sets,
                       FixedColumns const* fixed, CoarseColumns const* coarse, ScanRows const& rows,
                       ScanOptions const& options, double hit_chisq)
    : source_(source),
      model_(model),
      sets_(sets),
      fixed_(fixed),
      rows_(rows),
      options_(options),
      hit_chisq_(hit_chisq),
      is_corrected_(coarse != nullptr) {
  std::size_t most_phenotypes = 0;
  for (std::size_t mask = 0; mask < model.masks.size(); ++mask) {
    tests_.emplace_back(model, mask, options.missing, options.filters, coarse);
    is_contiguous_.push_back(is_contiguous(model.masks[mask]));
    most_phenotypes = std::max(most_phenotypes, model.masks[mask].n_phenotypes);
  }
  beta_.resize(VariantTest::at_once * most_phenotypes);
  se_.resize(beta_.size());
  std::size_t const row_bytes = std::max<std::size_t>(1, source.batch_row_bytes(model.n_samples()));
  batch_rows_ = std::clamp<std::size_t>(options.batch_bytes / row_bytes, 4,
                                        fixed != nullptr ? most_fixed_rows : most_rows);
}

void ScanWorker::run(ScanBlock const& block, StatisticsSink& sink) {
  out_.index = block.index;
  out_.first_row = block.first_row;
  out_.reset(block.n_variants, model_.masks.size(), options_.n_phenotypes);
  for (std::size_t first = 0; first < block.n_variants; first += batch_rows_) {
    run_batch(block, first, std::min(batch_rows_, block.n_variants - first));
  }
  // In an order that does not depend on how many variants were tested at once.
  std::ranges::sort(out_.hits, {},
                    [](Hit const& hit) { return std::pair(hit.variant, hit.phenotype); });
  sink.write(out_);
}

bool ScanWorker::is_excluded(std::size_t row) const noexcept {
  return !rows_.excluded_reason.empty() &&
         static_cast<Reason>(rows_.excluded_reason[row]) != Reason::tested;
}

void ScanWorker::run_batch(ScanBlock const& block, std::size_t first, std::size_t n) {
  source_.read(rows_.source_row.subspan(block.first_row + first, n), model_.file_rows, batch_,
               scratch_);
  if (lane_tests_ && block.haploid == Haploid::nobody) {
    test_on_device(block, first, n);
    return;
  }
  for (std::size_t v = 0; v < n; ++v) {
    batch_.prepare(v, block.haploid, sets_);
  }
  // Samples that are left out from the start are left out by name: nobody reads their sums.
  bool const sums_missing = options_.missing == MissingCalls::mean || is_corrected_;
  if (lane_) {
    lane_->multiply(batch_, products_, sums_missing);
  } else if (fixed_ != nullptr) {
    multiply_exactly(batch_, *fixed_, products_, exact_scratch_, sums_missing);
  } else {
    multiply(batch_, model_.columns, products_);
  }
  for (std::size_t v = 0; v < n; v += VariantTest::at_once) {
    for (std::size_t mask = 0; mask < tests_.size(); ++mask) {
      test({block.haploid, mask, v, std::min(VariantTest::at_once, n - v), first + v});
    }
  }
}

void ScanWorker::test_on_device(ScanBlock const& block, std::size_t first, std::size_t n) {
  fits_.resize(n * tests_.size());
  is_flipped_.resize(n);
  std::size_t const at = first * options_.n_phenotypes;
  lane_->test(batch_, {fits_, is_flipped_, out_.beta.data() + at, out_.se.data() + at});
  for (std::size_t v = 0; v < n; ++v) {
    for (std::size_t mask = 0; mask < tests_.size(); ++mask) {
      conclude({block.haploid, mask, v, 1, first + v}, fits_[v * tests_.size() + mask],
               is_flipped_[v] != 0);
    }
  }
}

/// What a device leaves to the thread: filters, tails, and what must not be rounded.
void ScanWorker::conclude(Group const& group, DeviceFit const& fit, bool is_flipped) {
  Coefficients const to = coefficients(group, 0);
  if (is_contiguous_[group.mask] == 0) {
    gather(model_.masks[group.mask], group.row, to);
  }
  VariantSums& sums = sums_[0];
  sums = {};
  sums.code = fit.code;
  sums.scale = batch_.scale().scale;
  sums.least_square = least_square_of(batch_.kind());
  sums.least_share = least_share_of(batch_.kind());
  sums.is_flipped = is_flipped;
  statistics_[0] = tests_[group.mask].conclude(sums, fit, to.beta, to.se);
  if (is_rounded(statistics_[0])) {
    batch_.prepare(group.first, group.haploid, sets_);
    products_.n_columns = model_.columns.columns;
    products_.called.resize(batch_.size() * products_.n_columns);
    products_.missing.resize(batch_.size() * products_.n_columns);
    sums.called = products_.called_row(group.first);
    sums.missing = products_.missing_row(group.first);
    test_again(group, 0);
  }
  store(group, 0);
}

/// Whether sums of one limb are too coarse for a variant.
bool ScanWorker::is_rounded(MaskStatistics const& of) const noexcept {
  return fixed_ != nullptr && options_.precision != Precision::full &&
         (of.unexplained_share < least_unexplained_share || of.is_small_difference);
}

void ScanWorker::test(Group const& group) {
  for (std::size_t i = 0; i < group.n; ++i) {
    sums_[i] = sums_of(group, i);
  }
  tests_[group.mask](std::span(sums_).first(group.n), std::span(statistics_).first(group.n),
                     coefficients(group, 0));
  for (std::size_t i = 0; i < group.n; ++i) {
    if (is_rounded(statistics_[i])) {
      test_again(group, i);
    }
    store(group, i);
  }
}

/// The same from sums in float64.
void ScanWorker::test_again(Group const& group, std::size_t i) {
  multiply_variant(batch_, group.first + i, model_.columns, products_);
  sums_[i].in_float64 = true;
  tests_[group.mask]({&sums_[i], 1}, {&statistics_[i], 1}, coefficients(group, i));
}

VariantSums ScanWorker::sums_of(Group const& group, std::size_t i) {
  std::size_t const variant = group.first + i;
  VariantSums sums;
  sums.code = batch_.sums(variant, group.mask, group.haploid, sets_);
  sums.called = products_.called_row(variant);
  sums.missing = products_.missing_row(variant);
  sums.scale = batch_.scale().scale;
  if (group.haploid == Haploid::everybody) {
    // Coded as two copies, but there is one: beta is of having it.
    sums.scale *= sums.haploid_share;
    sums.haploid_share = 1;
  }
  sums.least_square = least_square_of(batch_.kind());
  sums.least_share = least_share_of(batch_.kind());
  sums.is_flipped = batch_.is_flipped(variant);
  if (options_.missing == MissingCalls::drop && sums.code.n_missing != 0) {
    batch_.list_missing(variant, group.mask, sets_, missing_samples_[i]);
    sums.missing_samples = missing_samples_[i];
  }
  return sums;
}

/// Rows of the output from variant `i` of the group on, or of our own where columns lie apart.
Coefficients ScanWorker::coefficients(Group const& group, std::size_t i) {
  MaskGroup const& mask = model_.masks[group.mask];
  if (is_contiguous_[group.mask] == 0) {
    std::size_t const at = i * mask.n_phenotypes;
    return {beta_.data() + at, se_.data() + at, mask.n_phenotypes};
  }
  std::size_t const column =
      mask.n_phenotypes == 0 ? 0 : static_cast<std::size_t>(mask.output_column[0]);
  std::size_t const at = (group.row + i) * options_.n_phenotypes + column;
  return {out_.beta.data() + at, out_.se.data() + at, options_.n_phenotypes};
}

void ScanWorker::store(Group const& group, std::size_t i) {
  MaskStatistics const& from = statistics_[i];
  std::size_t const at = (group.row + i) * tests_.size() + group.mask;
  out_.n[at] = from.n;
  out_.missing_count[at] = from.missing_count;
  out_.effect_allele_frequency[at] = from.effect_allele_frequency;
  out_.minor_allele_count[at] = from.minor_allele_count;
  out_.genotype_sum_of_squares[at] = from.genotype_sum_of_squares;
  out_.degrees_of_freedom[at] = from.degrees_of_freedom;
  out_.reason[at] = static_cast<std::uint8_t>(from.reason);
  if (is_excluded(out_.first_row + group.row + i)) {
    store_excluded(group, i);
    return;
  }
  out_.omnibus_f[at] = from.omnibus_f;
  out_.omnibus_log10p[at] = from.omnibus_log10p;
  Coefficients const tested = coefficients(group, i);
  if (is_contiguous_[group.mask] == 0) {
    scatter(model_.masks[group.mask], group.row + i, tested);
  }
  if (from.reason == Reason::tested) {
    find_hits(group, i, tested);
  }
}

/// Its counts are reported; its test is not, even where it was made.
void ScanWorker::store_excluded(Group const& group, std::size_t i) {
  std::size_t const row = group.row + i;
  out_.reason[row * tests_.size() + group.mask] = rows_.excluded_reason[out_.first_row + row];
  for (std::int64_t const column : model_.masks[group.mask].output_column) {
    std::size_t const at = row * options_.n_phenotypes + static_cast<std::size_t>(column);
    out_.beta[at] = std::nan("");
    out_.se[at] = std::nan("");
  }
}

void ScanWorker::scatter(MaskGroup const& mask, std::size_t row, Coefficients const& from) {
  for (std::size_t k = 0; k < mask.n_phenotypes; ++k) {
    std::size_t const at =
        row * options_.n_phenotypes + static_cast<std::size_t>(mask.output_column[k]);
    out_.beta[at] = from.beta[k];
    out_.se[at] = from.se[k];
  }
}

/// The inverse of scatter().
void ScanWorker::gather(MaskGroup const& mask, std::size_t row, Coefficients const& to) const {
  for (std::size_t k = 0; k < mask.n_phenotypes; ++k) {
    std::size_t const at =
        row * options_.n_phenotypes + static_cast<std::size_t>(mask.output_column[k]);
    to.beta[k] = out_.beta[at];
    to.se[k] = out_.se[at];
  }
}

void ScanWorker::find_hits(Group const& group, std::size_t i, Coefficients const& from) {
  MaskGroup const& mask = model_.masks[group.mask];
  if (!statistics_[i].may_hit || !any_reaches(from.beta, from.se, mask.n_phenotypes, hit_chisq_)) {
    return;
  }
  auto const row = static_cast<std::int64_t>(out_.first_row + group.row + i);
  for (std::size_t k = 0; k < mask.n_phenotypes; ++k) {
    double const t = from.beta[k] / from.se[k];
    if (!(t * t >= hit_chisq_)) {
      continue;
    }
    double const log10p = log10p_student_t(t, statistics_[i].degrees_of_freedom);
    if (log10p >= options_.hit_log10p) {
      out_.hits.push_back({row, static_cast<std::int32_t>(mask.output_column[k]), 0, from.beta[k],
                           from.se[k], log10p});
    }
  }
}

}  // namespace igwas
