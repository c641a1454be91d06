// What a device that tests must do, whichever it is: the bits of the CPU's tests.
#pragma once

#include "device_cases.hpp"
#include "igwas/device_tests.hpp"
#include "igwas/variant_statistics.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

namespace igwas::testing {

/// A batch to test, and the model to test it with.
struct TestCase {
  Cohort cohort;
  GenotypeBatch batch;
  SampleSets sets;
  FixedColumns columns;
  double hit_chisq = 2;

  [[nodiscard]] std::size_t n_phenotypes() const { return cohort.phenotypes.size(); }
  [[nodiscard]] std::size_t n_masks() const { return cohort.model.masks.size(); }
};

struct TestSize {
  std::size_t n_samples = 201;
  std::size_t n_variants = 40;
  std::size_t n_phenotypes = 5;
  std::size_t n_masks = 1;
  /// The first phenotype is 1/2 or -1/2: of two limbs its low one is empty.
  bool has_halves = false;
};

inline void fill_with_halves(Cohort& cohort) {
  for (std::size_t i = 0; i < cohort.model.n_samples(); ++i) {
    cohort.columns[i * cohort.model.columns.stride] = i % 3 == 0 ? 0.5 : -0.5;
  }
}

/// The omnibus test of the first mask goes backwards; a second mask has none.
inline void reorder_omnibus(std::vector<MaskGroup>& masks) {
  std::ranges::reverse(masks[0].omnibus_response);
  std::ranges::reverse(masks[0].omnibus_gram);
  if (masks.size() > 1) {
    masks[1].omnibus_response.clear();
    masks[1].omnibus_gram.clear();
  }
}

/// Variants of every frequency, a constant one, one without a call, and a phenotype that one of
/// them explains nearly.
inline std::unique_ptr<TestCase> test_case(TestSize const& size, GenotypeBatch::Kind kind,
                                           std::uint8_t limbs) {
  Rows rows = random_calls(size.n_variants, size.n_samples, 0.03);
  rows[0].assign(size.n_samples, 2);
  rows[1].assign(size.n_samples, no_call);
  if (kind != GenotypeBatch::Kind::calls) {
    rows = with_fractions(std::move(rows), 2);
  }
  Cohort cohort = random_cohort(size.n_samples, size.n_phenotypes, 3, size.n_masks);
  reorder_omnibus(cohort.model.masks);
  if (size.has_halves) {
    fill_with_halves(cohort);
  }
  HeldSource const held = source_of(rows, kind);
  std::vector<std::int64_t> all(size.n_variants);
  std::iota(all.begin(), all.end(), 0);
  GenotypeBatch batch;
  GenotypeSource::Scratch scratch;
  held.source->read(all, cohort.model.file_rows, batch, scratch);
  SampleSets sets(cohort.model);
  // Of it the CPU's tests read the counted allele; a device finds that out for itself.
  for (std::size_t v = 0; v < batch.size(); ++v) {
    batch.prepare(v, Haploid::nobody, sets);
  }
  FixedColumns columns(Context{1}, cohort.model.columns,
                       std::vector<std::uint8_t>(cohort.model.columns.columns, limbs));
  return std::make_unique<TestCase>(std::move(cohort), std::move(batch), std::move(sets),
                                    std::move(columns));
}

/// Tests of every variant and mask, as the scan stores them.
struct Tested {
  std::vector<double> numbers;  ///< of MaskStatistics, one after the other
  std::vector<double> beta;
  std::vector<double> se;
  std::vector<bool> may_hit;

  void add(MaskStatistics const& of) {
    for (double const x :
         {static_cast<double>(of.n), static_cast<double>(of.missing_count),
          of.effect_allele_frequency, of.minor_allele_count, of.genotype_sum_of_squares,
          static_cast<double>(of.degrees_of_freedom), static_cast<double>(of.reason), of.omnibus_f,
          of.omnibus_log10p, of.unexplained_share, of.is_small_difference ? 1.0 : 0.0}) {
      // Not a number is that, whatever its other bits.
      numbers.push_back(std::isnan(x) ? no_call : x);
    }
  }
};

inline Tested tested_on_cpu(TestCase const& of) {
  GenotypeBatch const& batch = of.batch;
  BatchProducts const sums = product_on_cpu(batch, of.columns);
  Tested found;
  for (std::size_t v = 0; v < batch.size(); ++v) {
    for (std::size_t mask = 0; mask < of.n_masks(); ++mask) {
      VariantTest test(of.cohort.model, mask, MissingCalls::mean, {});
      std::size_t const n = of.cohort.model.masks[mask].n_phenotypes;
      VariantSums one;
      one.code = batch.sums(v, mask, Haploid::nobody, of.sets);
      one.called = sums.called_row(v);
      one.missing = sums.missing_row(v);
      one.scale = batch.scale().scale;
      one.is_flipped = batch.is_flipped(v);
      MaskStatistics statistics;
      std::vector<double> beta(n);
      std::vector<double> se(n);
      test({&one, 1}, {&statistics, 1}, {beta.data(), se.data(), n});
      found.add(statistics);
      found.beta.insert(found.beta.end(), beta.begin(), beta.end());
      found.se.insert(found.se.end(), se.begin(), se.end());
      bool any = false;
      for (std::size_t k = 0; k < n; ++k) {
        any = any || beta[k] * beta[k] >= of.hit_chisq * (se[k] * se[k]);
      }
      found.may_hit.push_back(any);
    }
  }
  return found;
}

inline Tested tested_on(DeviceLane& lane, TestCase const& of) {
  std::size_t const n = of.batch.size();
  std::size_t const n_masks = of.n_masks();
  std::vector<DeviceFit> fits(n * n_masks);
  std::vector<std::uint8_t> is_flipped(n);
  std::vector<double> beta(n * of.n_phenotypes(), -1);
  std::vector<double> se(beta);
  lane.test(of.batch, {fits, is_flipped, beta.data(), se.data()});
  Tested found;
  for (std::size_t v = 0; v < n; ++v) {
    for (std::size_t mask = 0; mask < n_masks; ++mask) {
      MaskGroup const& group = of.cohort.model.masks[mask];
      DeviceFit const& fit = fits[v * n_masks + mask];
      VariantTest const test(of.cohort.model, mask, MissingCalls::mean, {});
      VariantSums counts;
      counts.code = fit.code;
      counts.scale = of.batch.scale().scale;
      counts.is_flipped = is_flipped[v] != 0;
      std::vector<double> of_mask;
      std::vector<double> of_mask_se;
      for (auto const column : group.output_column) {
        std::size_t const at = v * of.n_phenotypes() + static_cast<std::size_t>(column);
        of_mask.push_back(beta[at]);
        of_mask_se.push_back(se[at]);
      }
      MaskStatistics const statistics =
          test.conclude(counts, fit, of_mask.data(), of_mask_se.data());
      found.add(statistics);
      found.beta.insert(found.beta.end(), of_mask.begin(), of_mask.end());
      found.se.insert(found.se.end(), of_mask_se.begin(), of_mask_se.end());
      found.may_hit.push_back(statistics.reason == Reason::tested && statistics.may_hit);
    }
  }
  return found;
}

/// Twice on every lane: what a first batch leaves must not reach the second.
inline void check_same_tests(Device const& device, TestCase const& of, std::size_t n_lanes = 2) {
  DeviceTests const tests(of.cohort.model, of.sets, of.n_phenotypes(), of.hit_chisq);
  auto const resident = device.load(Context{1}, of.columns, of.batch.kind(), n_lanes, &tests);
  Tested const expected = tested_on_cpu(of);
  for (std::size_t worker = 0; worker < n_lanes; ++worker) {
    auto const lane = resident->open_lane(worker);
    for (int repeat = 0; repeat < 2; ++repeat) {
      Tested const found = tested_on(*lane, of);
      CHECK(same_bits(found.numbers, expected.numbers));
      CHECK(same_bits(found.beta, expected.beta));
      CHECK(same_bits(found.se, expected.se));
      CHECK(found.may_hit == expected.may_hit);
    }
  }
}

/// Around the edges of words and blocks of threads, in one mask and in several.
inline void tests_are_the_bits_of_the_cpu(Device const& device,
                                          std::vector<TestSize> const& sizes) {
  for (TestSize const& size : sizes) {
    for (auto const kind : device_kinds) {
      for (auto const limbs : {std::uint8_t{1}, std::uint8_t{2}}) {
        check_same_tests(device, *test_case(size, kind, limbs));
      }
    }
  }
}

}  // namespace igwas::testing
