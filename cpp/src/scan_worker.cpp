#include "scan_worker.hpp"

#include "igwas/student_t.hpp"

#include <algorithm>
#include <cmath>

namespace igwas {

namespace {

/// Variants decoded together. Tables of the fixed-point product pay for themselves over many.
constexpr std::size_t most_rows = 256;
constexpr std::size_t most_fixed_rows = 2048;

}  // namespace

ScanWorker::ScanWorker(GenotypeSource const& source, ScanModel const& model, SampleSets const& sets,
                       FixedColumns const* fixed, ScanRows const& rows, ScanOptions const& options,
                       double hit_chisq)
    : source_(source),
      model_(model),
      sets_(sets),
      fixed_(fixed),
      rows_(rows),
      options_(options),
      hit_chisq_(hit_chisq) {
  for (std::size_t mask = 0; mask < model.masks.size(); ++mask) {
    tests_.emplace_back(model, mask, options.missing, options.filters);
  }
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
  sink.write(out_);
}

Reason ScanWorker::excluded(std::size_t row) const noexcept {
  return rows_.excluded_reason.empty() ? Reason::tested
                                       : static_cast<Reason>(rows_.excluded_reason[row]);
}

void ScanWorker::run_batch(ScanBlock const& block, std::size_t first, std::size_t n) {
  source_.read(rows_.source_row.subspan(block.first_row + first, n), model_.file_rows, batch_,
               scratch_);
  for (std::size_t v = 0; v < n; ++v) {
    batch_.prepare(v, block.haploid, sets_);
  }
  if (fixed_ != nullptr && batch_.kind() == GenotypeBatch::Kind::bytes) {
    multiply_dosages(batch_, *fixed_, products_, dosage_scratch_);
  } else if (fixed_ != nullptr) {
    multiply_fixed(batch_, *fixed_, products_, fixed_scratch_);
  } else {
    multiply(batch_, model_.columns, products_);
  }
  for (std::size_t v = 0; v < n; ++v) {
    for (std::size_t mask = 0; mask < tests_.size(); ++mask) {
      test(block, first + v, v, mask);
    }
  }
}

void ScanWorker::test(ScanBlock const& block, std::size_t row, std::size_t variant,
                      std::size_t mask) {
  MaskGroup const& group = model_.masks[mask];
  VariantSums sums;
  sums.code = batch_.sums(variant, mask, block.haploid, sets_);
  sums.called = products_.called_row(variant);
  sums.missing = products_.missing_row(variant);
  sums.scale = batch_.scale().scale;
  sums.is_flipped = batch_.is_flipped(variant);
  if (options_.missing == MissingCalls::drop && sums.code.n_missing != 0) {
    list_missing(variant, group);
    sums.missing_samples = missing_samples_;
  }
  beta_.resize(group.n_phenotypes);
  se_.resize(group.n_phenotypes);
  MaskStatistics statistics = tests_[mask](sums, beta_, se_);
  Reason const reason = excluded(block.first_row + row);
  if (reason != Reason::tested) {
    statistics.reason = reason;
    statistics.omnibus_f = std::nan("");
    statistics.omnibus_log10p = std::nan("");
  }
  store(statistics, row * tests_.size() + mask);
  if (statistics.reason == Reason::tested) {
    store_phenotypes(group, row, statistics.degrees_of_freedom);
  }
}

void ScanWorker::list_missing(std::size_t variant, MaskGroup const& group) {
  missing_samples_.clear();
  TileEntries entries;
  for (std::size_t first = 0; first < model_.n_samples(); first += tile_samples) {
    batch_.tile(variant, first, std::min(tile_samples, model_.n_samples() - first), entries);
    for (std::size_t i = 0; i < entries.n_missing; ++i) {
      std::size_t const sample = first + entries.missing_sample[i];
      if (group.is_member[sample] != 0) {
        missing_samples_.push_back(static_cast<std::uint32_t>(sample));
      }
    }
  }
}

void ScanWorker::store(MaskStatistics const& from, std::size_t at) {
  out_.n[at] = from.n;
  out_.missing_count[at] = from.missing_count;
  out_.effect_allele_frequency[at] = from.effect_allele_frequency;
  out_.minor_allele_count[at] = from.minor_allele_count;
  out_.genotype_sum_of_squares[at] = from.genotype_sum_of_squares;
  out_.degrees_of_freedom[at] = from.degrees_of_freedom;
  out_.reason[at] = static_cast<std::uint8_t>(from.reason);
  out_.omnibus_f[at] = from.omnibus_f;
  out_.omnibus_log10p[at] = from.omnibus_log10p;
}

void ScanWorker::store_phenotypes(MaskGroup const& group, std::size_t row, std::int32_t dof) {
  for (std::size_t k = 0; k < group.n_phenotypes; ++k) {
    std::size_t const column = static_cast<std::size_t>(group.output_column[k]);
    std::size_t const at = row * options_.n_phenotypes + column;
    out_.beta[at] = beta_[k];
    out_.se[at] = se_[k];
    double const t = beta_[k] / se_[k];
    if (t * t >= hit_chisq_) {
      double const log10p = log10p_student_t(t, dof);
      if (log10p >= options_.hit_log10p) {
        out_.hits.push_back({static_cast<std::int64_t>(out_.first_row + row),
                             static_cast<std::int32_t>(column), 0, beta_[k], se_[k], log10p});
      }
    }
  }
}

}  // namespace igwas
