#include "igwas/scan.hpp"

#include "igwas/cholesky.hpp"
#include "igwas/error.hpp"
#include "igwas/exact_products.hpp"
#include "igwas/fixed_products.hpp"
#include "igwas/student_t.hpp"
#include "scan_worker.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace igwas {

namespace {

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

void check_device(GenotypeSource const& source, Device const* device) {
  if (device != nullptr && !is_summed_exactly(source.kind())) {
    throw DeviceUnavailable(
        "the genotypes are values of float64; expected hard calls or whole-number codes of dosages "
        "on a GPU. Run with --device cpu.");
  }
  if (device != nullptr && source.kind() == GenotypeBatch::Kind::fine) {
    require_fine_samples(source.n_samples());
  }
}

/// Phenotypes that nearly determine each other: the omnibus test sees what is left of one beside
/// the others, and with it the rounding of the others. Below this share they get two limbs.
constexpr double least_one_limb_share = 0.01;

void add_limbs_for_omnibus(ScanModel const& model, std::vector<std::uint8_t>& limbs) {
  for (MaskGroup const& group : model.masks) {
    std::size_t const n = group.omnibus_response.size();
    Cholesky factor;
    factor.factor(group.omnibus_gram, std::vector<double>(n, 0.0));
    if (factor.least_pivot_share(group.omnibus_gram, n) < least_one_limb_share) {
      for (auto const response : group.omnibus_response) {
        limbs[group.responses_begin + static_cast<std::size_t>(response)] = 2;
      }
    }
  }
}

}  // namespace

FixedColumns fixed_columns(Context const& context, ScanModel const& model, Precision precision) {
  if (precision == Precision::full) {
    return {context, model.columns, std::vector<std::uint8_t>(model.columns.columns, 2)};
  }
  auto limbs = sufficient_limbs(model.columns);
  add_limbs_for_omnibus(model, limbs);
  return {context, model.columns, limbs};
}

void scan(Context const& context, GenotypeSource const& source, ScanModel const& model,
          ScanRows const& rows, std::span<ScanBlock const> blocks, ScanOptions const& options,
          StatisticsSink& sink, std::function<void(std::size_t)> const& progress,
          Device const* device) {
  check_model(model, source.n_samples(), options.n_phenotypes);
  check_rows(source, rows, blocks);
  check_device(source, device);
  SampleSets const sets(model);
  // Other values are no integers: they are summed in float64.
  std::optional<FixedColumns> fixed;
  if (is_summed_exactly(source.kind())) {
    fixed = fixed_columns(context, model, options.precision);
  }
  std::optional<CoarseColumns> coarse;
  if (options.missing == MissingCalls::drop && options.precision != Precision::full) {
    coarse.emplace(context, model.columns);
  }
  double const hit_chisq = smallest_hit_chisq(options.hit_log10p);
  Context const crew{std::max<std::size_t>(1, context.threads) +
                     (device != nullptr ? device->n_waiting_workers() : 0)};
  std::unique_ptr<DeviceColumns> resident;
  std::optional<DeviceTests> tests;
  if (device != nullptr) {
    // Which samples are left out differs from variant to variant: then threads test.
    if (options.missing == MissingCalls::mean) {
      tests.emplace(model, sets, options.n_phenotypes, hit_chisq);
    }
    resident =
        device->load(context, *fixed, source.kind(), crew.threads, tests ? &*tests : nullptr);
  }
  std::vector<std::unique_ptr<ScanWorker>> workers(crew.threads);
  std::atomic<std::size_t> n_done{0};
  run_tasks(
      crew, blocks.size(),
      [&](std::size_t index, std::size_t worker) {
        if (!workers[worker]) {
          workers[worker] =
              std::make_unique<ScanWorker>(source, model, sets, fixed ? &*fixed : nullptr,
                                           coarse ? &*coarse : nullptr, rows, options, hit_chisq);
          if (resident) {
            workers[worker]->use(resident->open_lane(worker), tests.has_value());
          }
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
