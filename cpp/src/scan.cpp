#include "igwas/scan.hpp"

#include "igwas/dot_products.hpp"
#include "igwas/error.hpp"
#include "igwas/fixed_products.hpp"
#include "igwas/student_t.hpp"
#include "igwas/variant_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace igwas {

namespace {

/// Variants decoded together. Tables of the fixed-point product pay for themselves over many.
constexpr std::size_t most_rows = 256;
constexpr std::size_t most_fixed_rows = 2048;

/// Chi-square below which no t statistic, whatever its degrees of freedom, reaches the threshold:
/// the normal tail is the lightest. Found by bisection; spares a tail evaluation for most tests.
[[nodiscard]] double smallest_hit_chisq(double hit_log10p) noexcept {
  constexpr double normal = 1e12;
  double low = 0;
  double high = 5 * hit_log10p + 1;
  for (int step = 0; step < 60; ++step) {
    double const middle = (low + high) / 2;
    (log10p_student_t(std::sqrt(middle), normal) < hit_log10p ? low : high) = middle;
  }
  return low * (1 - 1e-6);
}

/// Fixed-point columns of a model; the bases always in two limbs, since S is what is left after
/// they are subtracted.
[[nodiscard]] FixedColumns fixed_columns(ScanModel const& model, Precision precision) {
  std::vector<std::uint8_t> limbs(model.columns.columns, 2);
  for (MaskGroup const& group : model.masks) {
    std::fill_n(limbs.begin() + static_cast<std::ptrdiff_t>(group.responses_begin),
                group.n_responses, static_cast<std::uint8_t>(precision));
  }
  return {model.columns, limbs};
}

/// One thread's memory and its tests.
class Worker {
 public:
  Worker(GenotypeSource const& source, ScanModel const& model, SampleSets const& sets,
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
    std::size_t const row_bytes =
        std::max<std::size_t>(1, source.batch_row_bytes(model.n_samples()));
    batch_rows_ = std::clamp<std::size_t>(options.batch_bytes / row_bytes, 4,
                                          fixed != nullptr ? most_fixed_rows : most_rows);
  }

  void run(ScanBlock const& block, StatisticsSink& sink) {
    out_.index = block.index;
    out_.first_row = block.first_row;
    out_.reset(block.n_variants, model_.masks.size(), options_.n_phenotypes);
    for (std::size_t first = 0; first < block.n_variants; first += batch_rows_) {
      run_batch(block, first, std::min(batch_rows_, block.n_variants - first));
    }
    sink.write(out_);
  }

 private:
  [[nodiscard]] Reason excluded(std::size_t row) const noexcept {
    return rows_.excluded_reason.empty() ? Reason::tested
                                         : static_cast<Reason>(rows_.excluded_reason[row]);
  }

  void run_batch(ScanBlock const& block, std::size_t first, std::size_t n) {
    source_.read(rows_.source_row.subspan(block.first_row + first, n), model_.file_rows, batch_,
                 scratch_);
    for (std::size_t v = 0; v < n; ++v) {
      batch_.prepare(v, block.haploid, sets_);
    }
    if (fixed_ != nullptr) {
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

  void test(ScanBlock const& block, std::size_t row, std::size_t variant, std::size_t mask) {
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

  void list_missing(std::size_t variant, MaskGroup const& group) {
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

  void store(MaskStatistics const& from, std::size_t at) {
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

  void store_phenotypes(MaskGroup const& group, std::size_t row, std::int32_t dof) {
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

  GenotypeSource const& source_;
  ScanModel const& model_;
  SampleSets const& sets_;
  FixedColumns const* fixed_;  ///< null: sums in float64
  ScanRows rows_;
  ScanOptions const& options_;
  double hit_chisq_;
  std::size_t batch_rows_ = 1;
  std::vector<VariantTest> tests_;
  GenotypeBatch batch_;
  GenotypeSource::Scratch scratch_;
  BatchProducts products_;
  FixedScratch fixed_scratch_;
  std::vector<double> beta_;
  std::vector<double> se_;
  std::vector<std::uint32_t> missing_samples_;
  StatisticsBlock out_;
};

template <typename Index>
[[nodiscard]] bool all_below(std::vector<Index> const& values, std::size_t n) {
  return std::ranges::all_of(
      values, [n](Index v) { return std::cmp_greater_equal(v, 0) && std::cmp_less(v, n); });
}

[[nodiscard]] bool fits(MaskGroup const& group, ScanModel const& model, std::size_t n_phenotypes) {
  std::size_t const n_columns = model.columns.columns;
  std::size_t const n_omnibus = group.omnibus_response.size();
  bool const lengths_agree = group.n_phenotypes <= group.n_responses &&
                             group.output_column.size() == group.n_phenotypes &&
                             group.sum_of_squares.size() == group.n_responses &&
                             group.is_member.size() == model.n_samples() &&
                             group.omnibus_gram.size() == n_omnibus * n_omnibus;
  return lengths_agree && group.responses_begin + group.n_responses <= n_columns &&
         group.basis_begin + group.n_basis <= n_columns &&
         all_below(group.output_column, n_phenotypes) &&
         all_below(group.omnibus_response, group.n_responses);
}

void check_model(ScanModel const& model, std::size_t n_file_samples, std::size_t n_phenotypes) {
  auto const& file_rows = model.file_rows;
  bool const columns_fit = model.columns.columns % column_multiple == 0 &&
                           file_rows.size() == model.n_samples() &&
                           model.is_male.size() == model.n_samples();
  // Strictly ascending: a sample given twice would read as everybody.
  bool const samples_fit =
      all_below(file_rows, n_file_samples) &&
      std::ranges::adjacent_find(file_rows, std::ranges::greater_equal{}) == file_rows.end();
  if (!columns_fit || !samples_fit) {
    throw ShapeError("the samples of the model do not fit the genotypes.");
  }
  for (MaskGroup const& group : model.masks) {
    if (!fits(group, model, n_phenotypes)) {
      throw ShapeError("a mask of the model contradicts the model's columns or samples.");
    }
  }
}

void check_rows(GenotypeSource const& source, ScanRows const& rows,
                std::span<ScanBlock const> blocks) {
  if (!rows.excluded_reason.empty() && rows.excluded_reason.size() != rows.source_row.size()) {
    throw ShapeError("there are " + std::to_string(rows.excluded_reason.size()) + " reasons for " +
                     std::to_string(rows.source_row.size()) + " rows.");
  }
  auto const n_variants = static_cast<std::int64_t>(source.n_variants());
  for (ScanBlock const& block : blocks) {
    std::size_t const n_rows = rows.source_row.size();
    if (block.first_row > n_rows || block.n_variants > n_rows - block.first_row) {
      throw ShapeError("block " + std::to_string(block.index) + " ends past the rows to scan.");
    }
    for (std::int64_t const row : rows.source_row.subspan(block.first_row, block.n_variants)) {
      if (row < 0 || row >= n_variants) {
        throw ShapeError("variant row " + std::to_string(row) + " is outside the genotypes.");
      }
    }
  }
}

}  // namespace

void scan(Context const& context, GenotypeSource const& source, ScanModel const& model,
          ScanRows const& rows, std::span<ScanBlock const> blocks, ScanOptions const& options,
          StatisticsSink& sink, std::function<void(std::size_t)> const& progress) {
  check_model(model, source.n_samples(), options.n_phenotypes);
  check_rows(source, rows, blocks);
  SampleSets const sets(model);
  // Dosages of other kinds are no small integers: they are summed in float64.
  std::optional<FixedColumns> fixed;
  if (source.has_calls()) {
    fixed = fixed_columns(model, options.precision);
  }
  double const hit_chisq = smallest_hit_chisq(options.hit_log10p);
  std::vector<std::unique_ptr<Worker>> workers(std::max<std::size_t>(1, context.threads));
  std::atomic<std::size_t> n_done{0};
  run_tasks(
      context, blocks.size(),
      [&](std::size_t index, std::size_t worker) {
        if (!workers[worker]) {
          workers[worker] = std::make_unique<Worker>(source, model, sets, fixed ? &*fixed : nullptr,
                                                     rows, options, hit_chisq);
        }
        workers[worker]->run(blocks[index], sink);
        n_done += blocks[index].n_variants;
      },
      [&] {
        if (progress) {
          progress(n_done);
        }
      });
  sink.finish();
  if (progress) {
    progress(n_done);
  }
}

}  // namespace igwas
