#include "check.hpp"
#include "igwas/error.hpp"
#include "igwas/scan.hpp"
#include "igwas/student_t.hpp"
#include "scan_cases.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>

using namespace igwas;
using testing::Rows;

namespace {

/// Least squares worked out in two ways.
constexpr double rounding = 1e-10;
// Phenotypes are rounded to 2^-41 of their largest value, which shows where beta is near zero.
constexpr double fixed_point = 1e-8;

class Collector final : public StatisticsSink {
 public:
  void write(StatisticsBlock const& block) override {
    std::lock_guard const lock(mutex_);
    CHECK(!blocks_.contains(block.index));
    if (block.index == fail_at) {
      throw SystemError("disk full", 28);
    }
    blocks_[block.index] = block;
  }
  void finish() override { ++n_finished; }

  std::size_t fail_at = static_cast<std::size_t>(-1);
  int n_finished = 0;

  /// Every number of the run in one row of bits, blocks in order.
  [[nodiscard]] std::vector<std::uint64_t> bits() const {
    std::vector<std::uint64_t> all;
    auto const add = [&](auto const& values) {
      for (auto const value : values) {
        all.push_back(std::bit_cast<std::uint64_t>(static_cast<double>(value)));
      }
    };
    for (auto const part :
         {&StatisticsBlock::beta, &StatisticsBlock::se, &StatisticsBlock::omnibus_f,
          &StatisticsBlock::omnibus_log10p, &StatisticsBlock::genotype_sum_of_squares,
          &StatisticsBlock::effect_allele_frequency, &StatisticsBlock::minor_allele_count}) {
      for (auto const& [index, block] : blocks_) {
        add(block.*part);
      }
    }
    for (auto const& [index, block] : blocks_) {
      add(block.n);
      add(block.reason);
      add(block.missing_count);
      add(block.degrees_of_freedom);
      for (Hit const& hit : block.hits) {
        add(std::vector<double>{static_cast<double>(hit.variant),
                                static_cast<double>(hit.phenotype), hit.beta, hit.se, hit.log10p});
      }
    }
    return all;
  }

  [[nodiscard]] std::map<std::size_t, StatisticsBlock> const& blocks() const { return blocks_; }

 private:
  std::mutex mutex_;
  std::map<std::size_t, StatisticsBlock> blocks_;
};

struct Case {
  testing::Cohort const& cohort;
  Rows const& rows;
  ScanOptions options;
  std::size_t threads = 1;
  std::size_t block_rows = 5;
  Haploid haploid = Haploid::nobody;
  std::vector<std::uint8_t> excluded = {};
};

[[nodiscard]] std::vector<ScanBlock> blocks_of(std::size_t n, std::size_t size, Haploid haploid) {
  std::vector<ScanBlock> blocks;
  for (std::size_t first = 0; first < n; first += size) {
    blocks.push_back({blocks.size(), first, std::min(size, n - first), haploid});
  }
  return blocks;
}

void run(Case const& what, GenotypeSource const& source, StatisticsSink& sink,
         std::function<void(std::size_t)> const& progress = {}) {
  std::vector<std::int64_t> source_row(what.rows.size());
  std::iota(source_row.begin(), source_row.end(), 0);
  auto const blocks = blocks_of(what.rows.size(), what.block_rows, what.haploid);
  scan(Context{what.threads}, source, what.cohort.model, {source_row, what.excluded}, blocks,
       what.options, sink, progress);
}

[[nodiscard]] ScanOptions options_for(testing::Cohort const& cohort, MissingCalls missing) {
  ScanOptions options;
  options.missing = missing;
  options.precision = Precision::full;
  options.n_phenotypes = cohort.phenotypes.size();
  options.hit_log10p = 0.5;
  return options;
}

/// The rows in one of five forms: 0 to 2 are encodings of a file, 3 is an array, 4 one whose
/// fractions become fine codes.
class Stored {
 public:
  Stored(Rows const& rows, int form) {
    if (form >= 3) {
      for (auto const& row : rows) {
        values_.insert(values_.end(), row.begin(), row.end());
      }
      std::size_t const n = rows.front().size();
      source_ = make_array_source(MatrixView<double const>{values_.data(), rows.size(), n, n},
                                  form == 3 ? Fractions::values : Fractions::fine);
      return;
    }
    auto [index, bytes] = testing::raw_chunks(rows, static_cast<Encoding>(form), 3);
    file_ = std::make_unique<testing::TemporaryFile>(bytes);
    index.path = file_->path();
    source_ = make_file_source(index);
  }

  [[nodiscard]] GenotypeSource const& operator*() const { return *source_; }

 private:
  std::vector<double> values_;
  std::unique_ptr<testing::TemporaryFile> file_;
  std::unique_ptr<GenotypeSource> source_;
};

void every_number_equals_the_plain_fit_in_every_encoding() {
  for (std::size_t const n : {31U, 32U, 33U, 255U, 256U, 257U}) {
    auto const cohort = testing::random_cohort(n, 4, 3, 2, n);
    auto const rows = testing::random_calls(7, n, 0.08, n);
    for (auto const missing : {MissingCalls::mean, MissingCalls::drop}) {
      for (int form = 0; form < 4; ++form) {
        Stored const stored(rows, form);
        Collector sink;
        run({cohort, rows, options_for(cohort, missing)}, *stored, sink);
        CHECK(sink.n_finished == 1);
        CHECK(sink.blocks().size() == 2);
        for (std::size_t v = 0; v < rows.size(); ++v) {
          auto const& block = sink.blocks().at(v / 5);
          for (std::size_t k = 0; k < 4; ++k) {
            auto const fit =
                testing::plain_fit(cohort, k, k % 2, rows[v], missing == MissingCalls::drop);
            testing::check_close(block.beta[(v % 5) * 4 + k], fit.beta, fixed_point);
            testing::check_close(block.se[(v % 5) * 4 + k], fit.se, rounding);
          }
        }
      }
    }
  }
}

/// Of every variant: a third of the copies become `n` in `of`, counted up.
[[nodiscard]] Rows with_fractions(Rows rows, double of) {
  double n = 1;
  for (auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); i += 3) {
      row[i] = std::isnan(row[i]) ? row[i] : n++ / of;
    }
  }
  return rows;
}

/// \param tolerance of beta and se, relative.
void check_fractions(Rows const& rows, int form, double tolerance) {
  auto const cohort = testing::random_cohort(rows.front().size(), 4, 3, 2);
  for (auto const missing : {MissingCalls::mean, MissingCalls::drop}) {
    Collector sink;
    run({cohort, rows, options_for(cohort, missing)}, *Stored(rows, form), sink);
    for (std::size_t v = 0; v < rows.size(); ++v) {
      for (std::size_t k = 0; k < 4; ++k) {
        auto const fit =
            testing::plain_fit(cohort, k, k % 2, rows[v], missing == MissingCalls::drop);
        auto const& block = sink.blocks().at(v / 5);
        std::size_t const at = (v % 5) * 4 + k;
        testing::check_close(block.se[at], fit.se, tolerance);
        CHECK(std::fabs(block.beta[at] - fit.beta) < tolerance * fit.se * 100);
      }
    }
  }
}

/// Fine codes keep 16,384ths as they are; other fractions are off by 2^-22 copies at most.
void fractions_of_arrays_equal_the_plain_fit() {
  Rows const calls = testing::random_calls(7, 257, 0.08);
  Rows const kept = with_fractions(calls, 16'384);
  Rows const rounded = with_fractions(calls, 977);
  check_fractions(kept, 3, rounding);
  check_fractions(kept, 4, rounding);
  check_fractions(rounded, 3, rounding);
  check_fractions(rounded, 4, 1e-6);
}

/// A covariate that is the variant: what is left of its codes is their rounding, however rare it
/// is.
void a_covariate_that_is_the_variant_leaves_no_test_of_rounding() {
  constexpr std::size_t n = 5'000;
  testing::Random random(5);
  Rows rows(1, std::vector<double>(n));
  for (double& copies : rows[0]) {
    copies = 1e-3 * random.uniform();
  }
  auto cohort = testing::random_cohort(n, 1, 1);
  std::vector<std::uint8_t> const everybody(n, 1);
  Rows const basis = testing::basis_of({cohort.covariates[0], rows[0]}, everybody);
  auto const response = testing::residual(cohort.phenotypes[0], basis, everybody);
  std::vector<double> columns(8 * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    columns[8 * i] = response[i];
    columns[8 * i + 1] = basis[0][i];
    columns[8 * i + 2] = basis[1][i];
  }
  MaskGroup& group = cohort.model.masks[0];
  group.basis_begin = 1;
  group.n_basis = 2;
  group.sum_of_squares = {testing::inner(response, response)};
  group.omnibus_gram = group.sum_of_squares;
  cohort.model.columns = {columns.data(), n, 8, 8};
  for (int const form : {3, 4}) {
    Collector sink;
    run({cohort, rows, options_for(cohort, MissingCalls::mean)}, *Stored(rows, form), sink);
    CHECK(sink.blocks().at(0).reason[0] == static_cast<std::uint8_t>(Reason::collinear));
  }
}

/// The same but for the rounding of columns to one limb.
void check_near(StatisticsBlock const& found, StatisticsBlock const& expected) {
  CHECK(found.beta != expected.beta);
  for (std::size_t at = 0; at < expected.beta.size(); ++at) {
    CHECK(std::fabs(found.beta[at] / found.se[at] - expected.beta[at] / expected.se[at]) < 1e-4);
  }
  for (std::size_t at = 0; at < expected.omnibus_f.size(); ++at) {
    CHECK(std::fabs(found.omnibus_f[at] - expected.omnibus_f[at]) < 1e-4);
  }
}

void standard_precision_moves_z_by_little() {
  auto const cohort = testing::random_cohort(257, 4, 3, 2);
  auto const rows = testing::random_calls(40, 257, 0.05);
  for (int form = 0; form < 3; ++form) {
    Stored const stored(rows, form);
    for (auto const missing : {MissingCalls::mean, MissingCalls::drop}) {
      Case what{cohort, rows, options_for(cohort, missing)};
      what.block_rows = rows.size();
      Collector full;
      run(what, *stored, full);
      what.options.precision = Precision::standard;
      Collector standard;
      run(what, *stored, standard);
      check_near(standard.blocks().at(0), full.blocks().at(0));
    }
  }
}

void threads_blocks_and_batches_change_no_bit() {
  auto const cohort = testing::random_cohort(257, 5, 3, 2);
  auto const rows = testing::random_calls(61, 257, 0.05);
  for (int form = 0; form < 4; ++form) {
    Stored const stored(rows, form);
    for (auto const missing : {MissingCalls::mean, MissingCalls::drop}) {
      Case what{cohort, rows, options_for(cohort, missing)};
      Collector first;
      run(what, *stored, first);
      CHECK(!first.bits().empty());
      for (std::size_t const threads : {1U, 2U, 4U, 7U}) {
        for (std::size_t const batch_bytes : {1U, 5000U, 1U << 24}) {
          what.threads = threads;
          what.options.batch_bytes = batch_bytes;
          Collector sink;
          run(what, *stored, sink);
          CHECK(sink.bits() == first.bits());
        }
      }
      for (std::size_t const block_rows : {1U, 60U, 61U, 100U}) {
        what.block_rows = block_rows;
        Collector sink;
        run(what, *stored, sink);
        // One number a variant is in the same order whatever the blocks.
        CHECK(sink.bits().size() == first.bits().size());
        auto const n_pairs = static_cast<std::ptrdiff_t>(61 * 5 * 2);
        auto const mine = sink.bits();
        auto const theirs = first.bits();
        CHECK(std::equal(mine.begin(), mine.begin() + n_pairs, theirs.begin()));
      }
    }
  }
}

void some_samples_of_the_file_equal_a_file_of_those() {
  auto const rows = testing::random_calls(6, 300, 0.1);
  std::size_t const n_kept = 150;
  auto cohort = testing::random_cohort(n_kept, 3, 2);
  Rows kept(rows.size());
  for (std::size_t i = 0; i < n_kept; ++i) {
    std::size_t const at = 2 * i + (i % 7 == 0 ? 1 : 0);
    cohort.model.file_rows[i] = static_cast<std::int64_t>(at);
    for (std::size_t v = 0; v < rows.size(); ++v) {
      kept[v].push_back(rows[v][at]);
    }
  }
  auto everybody = testing::random_cohort(n_kept, 3, 2);
  for (int form = 0; form < 5; ++form) {
    Collector some;
    Collector all;
    run({cohort, rows, options_for(cohort, MissingCalls::drop)}, *Stored(rows, form), some);
    run({everybody, kept, options_for(everybody, MissingCalls::drop)}, *Stored(kept, form), all);
    CHECK(some.bits() == all.bits());
  }
}

void excluded_variants_get_their_reason_and_no_test() {
  auto const cohort = testing::random_cohort(50, 2, 2, 2);
  auto const rows = testing::random_calls(4, 50, 0);
  Case what{cohort, rows, options_for(cohort, MissingCalls::mean)};
  what.excluded = {0, 7, 0, 7};
  Collector sink;
  run(what, *Stored(rows, 0), sink);
  auto const& block = sink.blocks().at(0);
  for (std::size_t v = 0; v < 4; ++v) {
    bool const is_out = v % 2 == 1;
    CHECK(block.reason[2 * v] == (is_out ? 7 : 0) && block.reason[2 * v + 1] == (is_out ? 7 : 0));
    CHECK(std::isnan(block.beta[2 * v]) == is_out && std::isnan(block.se[2 * v + 1]) == is_out);
    CHECK(std::isnan(block.omnibus_f[2 * v]) == is_out);
    CHECK(block.n[2 * v] == 50);  // counts are given all the same
  }
}

void hits_are_the_tests_above_the_threshold() {
  auto const cohort = testing::random_cohort(100, 6, 2, 2);
  auto const rows = testing::random_calls(40, 100, 0.02);
  for (double const threshold : {0.0, 0.5, 1.5, 1e9}) {
    Case what{cohort, rows, options_for(cohort, MissingCalls::mean)};
    what.options.hit_log10p = threshold;
    Collector sink;
    run(what, *Stored(rows, 1), sink);
    for (auto const& [index, block] : sink.blocks()) {
      std::size_t n_expected = 0;
      for (std::size_t i = 0; i < block.beta.size(); ++i) {
        std::size_t const mask = (i % 6) % 2;
        double const log10p = log10p_student_t(block.beta[i] / block.se[i],
                                               block.degrees_of_freedom[i / 6 * 2 + mask]);
        n_expected += log10p >= threshold ? 1 : 0;
      }
      CHECK(block.hits.size() == n_expected);
      for (Hit const& hit : block.hits) {
        std::size_t const at = (static_cast<std::size_t>(hit.variant) - block.first_row) * 6 +
                               static_cast<std::size_t>(hit.phenotype);
        CHECK(hit.beta == block.beta[at] && hit.se == block.se[at]);
        CHECK(hit.log10p >= threshold && hit.reserved == 0);
      }
    }
  }
}

void haploid_males_are_counted_once() {
  auto const cohort = testing::random_cohort(60, 1, 1);
  auto const rows = testing::random_calls(3, 60, 0.1);
  for (int const form : {0, 1, 3}) {
    Case what{cohort, rows, options_for(cohort, MissingCalls::mean)};
    what.haploid = Haploid::males;
    Collector sink;
    run(what, *Stored(rows, form), sink);
    auto const& block = sink.blocks().at(0);
    for (std::size_t v = 0; v < 3; ++v) {
      double effect = 0;
      double alleles = 0;
      std::int32_t n_missing = 0;
      for (std::size_t i = 0; i < 60; ++i) {
        bool const male = cohort.model.is_male[i] != 0;
        // A hard call of one of each is not believed of a male; half a dosage
        // is.
        bool const is_missing = std::isnan(rows[v][i]) || (form != 1 && male && rows[v][i] == 1);
        n_missing += is_missing ? 1 : 0;
        effect += is_missing ? 0 : rows[v][i] / (male ? 2 : 1);
        alleles += is_missing ? 0 : (male ? 1 : 2);
      }
      CHECK(block.missing_count[v] == n_missing);
      testing::check_close(block.effect_allele_frequency[v], effect / alleles, rounding);
      testing::check_close(block.minor_allele_count[v], std::min(effect, alleles - effect),
                           rounding);
    }
  }
}

void progress_reaches_the_total_and_may_stop_the_scan() {
  auto const cohort = testing::random_cohort(50, 2, 2);
  auto const rows = testing::random_calls(23, 50, 0);
  Case const what{cohort, rows, options_for(cohort, MissingCalls::mean), 3, 4};
  Collector sink;
  std::size_t last = 0;
  run(what, *Stored(rows, 0), sink, [&](std::size_t n) {
    CHECK(n >= last && n <= 23);
    last = n;
  });
  CHECK(last == 23);
  Collector stopped;
  testing::check_throws<std::domain_error>([&] {
    run(what, *Stored(rows, 0), stopped, [](std::size_t) { throw std::domain_error("stop"); });
  });
}

void a_sink_or_a_source_that_fails_stops_the_scan() {
  auto const cohort = testing::random_cohort(50, 2, 2);
  auto const rows = testing::random_calls(300, 50, 0);
  for (std::size_t const threads : {1U, 4U}) {
    Collector sink;
    sink.fail_at = 3;
    testing::check_throws<SystemError>([&] {
      run({cohort, rows, options_for(cohort, MissingCalls::mean), threads}, *Stored(rows, 0), sink);
    });
    CHECK(sink.n_finished == 0);
    // With more threads the others may be quick enough to do all the rest.
    CHECK(threads > 1 || sink.blocks().size() == 3);
    CHECK(!sink.blocks().contains(3));
  }
  auto [index, bytes] = testing::raw_chunks(rows, Encoding::hardcalls, 50);
  bytes.resize(bytes.size() - 1);
  testing::TemporaryFile const file(bytes);
  index.path = file.path();
  Collector sink;
  testing::check_throws<CorruptFile>([&] {
    run({cohort, rows, options_for(cohort, MissingCalls::mean), 2}, *make_file_source(index), sink);
  });
  CHECK(sink.n_finished == 0);
  CHECK(!sink.blocks().contains(59));
}

void shapes_that_disagree_are_refused() {
  auto const good = testing::random_cohort(50, 2, 2);
  auto const rows = testing::random_calls(6, 50, 0);
  Stored const stored(rows, 0);
  auto const refuses = [&](auto const& change) {
    testing::Cohort cohort = testing::random_cohort(50, 2, 2);
    Case what{cohort, rows, options_for(good, MissingCalls::mean)};
    change(cohort.model, what);
    Collector sink;
    testing::check_throws<ShapeError>([&] { run(what, *stored, sink); });
    CHECK(sink.blocks().empty());
  };
  refuses([](ScanModel& model, Case&) { model.file_rows.back() = 50; });
  refuses([](ScanModel& model, Case&) { model.file_rows.front() = -1; });
  refuses([](ScanModel& model, Case&) { model.file_rows[3] = model.file_rows[4]; });
  refuses([](ScanModel& model, Case&) { std::swap(model.file_rows[3], model.file_rows[4]); });
  refuses([](ScanModel& model, Case&) { model.file_rows.pop_back(); });
  refuses([](ScanModel& model, Case&) { model.columns.columns -= 1; });
  refuses([](ScanModel& model, Case&) { model.is_male.pop_back(); });
  refuses([](ScanModel& model, Case&) { model.masks[0].is_member.pop_back(); });
  refuses([](ScanModel& model, Case&) { model.masks[0].output_column[1] = 2; });
  refuses([](ScanModel& model, Case&) { model.masks[0].output_column[1] = -1; });
  refuses([](ScanModel& model, Case&) { model.masks[0].responses_begin = 7; });
  refuses([](ScanModel& model, Case&) { model.masks[0].basis_begin = 7; });
  refuses([](ScanModel& model, Case&) { model.masks[0].n_phenotypes = 3; });
  refuses([](ScanModel& model, Case&) { model.masks[0].omnibus_response[0] = 2; });
  refuses([](ScanModel& model, Case&) { model.masks[0].omnibus_gram.pop_back(); });
  refuses([](ScanModel&, Case& what) { what.excluded = {0, 0, 0}; });
  Collector sink;
  std::vector<std::int64_t> const outside{0, 6};
  std::vector<ScanBlock> const blocks{{0, 0, 2, Haploid::nobody}};
  testing::check_throws<ShapeError>([&] {
    scan(Context{1}, *stored, good.model, {outside, {}}, blocks,
         options_for(good, MissingCalls::mean), sink, {});
  });
  std::vector<ScanBlock> const too_long{{0, 1, 2, Haploid::nobody}};
  testing::check_throws<ShapeError>([&] {
    scan(Context{1}, *stored, good.model, {outside, {}}, too_long,
         options_for(good, MissingCalls::mean), sink, {});
  });
}

void no_blocks_are_no_work() {
  auto const cohort = testing::random_cohort(50, 2, 2);
  auto const rows = testing::random_calls(1, 50, 0);
  Collector sink;
  std::size_t last = 9;
  scan(Context{2}, *Stored(rows, 0), cohort.model, {}, {}, options_for(cohort, MissingCalls::mean),
       sink, [&](std::size_t n) { last = n; });
  CHECK(sink.n_finished == 1 && last == 0);
}

}  // namespace

int main() {
  fractions_of_arrays_equal_the_plain_fit();
  a_covariate_that_is_the_variant_leaves_no_test_of_rounding();
  every_number_equals_the_plain_fit_in_every_encoding();
  standard_precision_moves_z_by_little();
  threads_blocks_and_batches_change_no_bit();
  some_samples_of_the_file_equal_a_file_of_those();
  excluded_variants_get_their_reason_and_no_test();
  hits_are_the_tests_above_the_threshold();
  haploid_males_are_counted_once();
  progress_reaches_the_total_and_may_stop_the_scan();
  a_sink_or_a_source_that_fails_stops_the_scan();
  shapes_that_disagree_are_refused();
  no_blocks_are_no_work();
  return testing::exit_code();
}
