#include "igwas/variant_statistics.hpp"

#include "igwas/coefficient.hpp"
#include "igwas/dot.hpp"
#include "igwas/f_tail.hpp"
#include "igwas/hardy_weinberg.hpp"
#include "igwas/multiversion.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace igwas {

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Share of a genotype's variance that covariates must leave: below it S is rounding error.
constexpr double collinear_tolerance = 1e-8;

/// Squares below it have lost digits.
constexpr double least_squares = 1e-200;

/// A covariate direction whose samples are nearly all missing is lost below this share.
constexpr double rank_tolerance = 1e-9;

/// A haploid sample is coded as two copies but carries one allele.
[[nodiscard]] double n_alleles(CodeSums const& code) noexcept {
  return static_cast<double>(2 * (code.n_samples - code.n_missing) - code.n_haploid_called);
}

void count_alleles(VariantSums const& sums, MaskStatistics& out) {
  CodeSums const& code = sums.code;
  double const alleles = n_alleles(code);
  double const counted = sums.scale * (code.sum - code.haploid_sum) +
                         sums.scale * sums.haploid_share * code.haploid_sum;
  double const other = std::max(0.0, alleles - counted);
  out.missing_count = static_cast<std::int32_t>(code.n_missing);
  out.minor_allele_count = std::min(counted, other);
  out.effect_allele_frequency =
      alleles > 0 ? (sums.is_flipped ? other : counted) / alleles : not_a_number;
}

/// Sum of squares about the mean of the called samples.
[[nodiscard]] double centred(CodeSums const& code) noexcept {
  auto const called = static_cast<double>(code.n_samples - code.n_missing);
  return code.sum_of_squares - code.sum * code.sum / called;
}

/// Responses of one variant: products with the genotype, and sums of squares of the samples with a
/// call and of all.
struct Responses {
  double const* product;
  double const* sum_of_squares;
  double const* total;
  std::size_t n;
};

/// `unit` : allele copies to code units, with the sign of the counted allele.
///
/// Returns how many responses are left with little of what they are among all samples.
IGWAS_MULTIVERSION
std::int64_t fill_coefficients(Responses const& responses, double genotype, double dof, double unit,
                               double* beta, double* se) {
  double const freedom = dof * genotype;
  std::int64_t n_small = 0;
  for (std::size_t k = 0; k < responses.n; ++k) {
    Coefficient const of = coefficient(responses.product[k], responses.sum_of_squares[k],
                                       responses.total[k], {genotype, freedom, unit, not_a_number});
    beta[k] = of.beta;
    se[k] = of.se;
    n_small += of.is_small ? 1 : 0;
  }
  return n_small;
}

void fill_omnibus(double explained, double n_tested, double dof, MaskStatistics& out) {
  double const unexplained = std::max(0.0, 1 - explained);
  out.omnibus_f = explained / unexplained * dof / n_tested;
  out.omnibus_log10p = log10p_f(out.omnibus_f, n_tested, dof);
}

}  // namespace

VariantTest::VariantTest(ScanModel const& model, std::size_t mask, MissingCalls missing,
                         VariantFilters const& filters, CoarseColumns const* coarse)
    : model_(model), group_(model.masks[mask]), missing_(missing), filters_(filters) {
  std::size_t const n_omnibus = group_.omnibus_response.size();
  omnibus_factor_.factor(group_.omnibus_gram, std::vector<double>(n_omnibus, 0.0));
  basis_floor_.assign(group_.n_basis, rank_tolerance);
  for (std::size_t i = 0; i < n_omnibus; ++i) {
    omnibus_floor_.push_back(constant_tolerance * group_.omnibus_gram[i * n_omnibus + i]);
  }
  product_.resize(group_.n_responses);
  sum_of_squares_.resize(group_.n_responses);
  basis_product_.resize(group_.n_basis);
  // Lanes without a variant hold numbers too: what is solved in them is not read.
  omnibus_product_.assign(omnibus_factor_.rank() * at_once, 0.0);
  omnibus_genotype_.fill(1);
  if (coarse != nullptr && missing == MissingCalls::drop) {
    dropped_.emplace(group_, *coarse, omnibus_factor_);
  }
}

void VariantTest::operator()(std::span<VariantSums const> sums, std::span<MaskStatistics> out,
                             Coefficients to) {
  omnibus_dof_.fill(0);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    out[i] = regress(sums[i], i, to.beta + i * to.stride, to.se + i * to.stride);
  }
  solve_omnibus(out.first(sums.size()));
}

MaskStatistics VariantTest::regress(VariantSums const& sums, std::size_t lane, double* beta,
                                    double* se) {
  std::fill_n(beta, group_.n_phenotypes, not_a_number);
  std::fill_n(se, group_.n_phenotypes, not_a_number);
  MaskStatistics out = count(sums);
  if (out.reason != Reason::tested) {
    return out;
  }
  bool const drops = missing_ == MissingCalls::drop && sums.code.n_missing != 0;
  Regression const fit = drops ? without_missing(sums) : with_mean(sums);
  if (!judge_genotype(sums, {fit.genotype, fit.n, fit.rank}, out)) {
    return out;
  }
  out.is_small_difference =
      fill_coefficients({fit.product.data(), fit.phenotypes.data(), group_.sum_of_squares.data(),
                         group_.n_phenotypes},
                        fit.genotype, static_cast<double>(out.degrees_of_freedom),
                        (sums.is_flipped ? -1.0 : 1.0) / sums.scale, beta, se) != 0;
  if (drops) {
    omnibus_without_missing(fit, out);
  } else {
    queue_omnibus(fit, lane);
  }
  return out;
}

MaskStatistics VariantTest::conclude(VariantSums const& sums, DeviceFit const& fit, double* beta,
                                     double* se) const {
  MaskStatistics out = count(sums);
  if (out.reason == Reason::tested &&
      judge_genotype(sums, {fit.genotype, sums.code.n_samples, group_.n_basis}, out)) {
    out.is_small_difference = fit.is_small_difference;
    out.may_hit = fit.may_hit;
    double const dof = omnibus_dof(sums.code.n_samples, group_.n_basis);
    if (dof != 0) {
      fill_omnibus(fit.explained / fit.genotype, static_cast<double>(omnibus_factor_.rank()), dof,
                   out);
    }
    return out;
  }
  std::fill_n(beta, group_.n_phenotypes, not_a_number);
  std::fill_n(se, group_.n_phenotypes, not_a_number);
  return out;
}

/// Counts, and whether they let the variant be tested; everything else not known yet.
MaskStatistics VariantTest::count(VariantSums const& sums) const {
  MaskStatistics out;
  out.omnibus_f = not_a_number;
  out.omnibus_log10p = not_a_number;
  out.genotype_sum_of_squares = not_a_number;
  out.unexplained_share = not_a_number;
  count_alleles(sums, out);
  out.n = static_cast<std::int32_t>(sums.code.n_samples -
                                    (missing_ == MissingCalls::drop ? sums.code.n_missing : 0));
  out.reason = filter(sums, out);
  return out;
}

/// S and degrees of freedom; false, and the reason, if they allow no test.
bool VariantTest::judge_genotype(VariantSums const& sums, GenotypeFit const& fit,
                                 MaskStatistics& out) const {
  auto const dof = static_cast<std::int64_t>(fit.n) - static_cast<std::int64_t>(fit.rank) - 1;
  out.genotype_sum_of_squares = std::max(0.0, fit.genotype) * sums.scale * sums.scale;
  out.degrees_of_freedom = static_cast<std::int32_t>(std::max<std::int64_t>(0, dof));
  if (dof < 1) {
    out.reason = Reason::too_few_samples;
    return false;
  }
  out.unexplained_share = fit.genotype / centred(sums.code);
  double const least = std::max({collinear_tolerance * centred(sums.code),
                                 sums.least_square * static_cast<double>(fit.n),
                                 sums.least_share * sums.code.sum_of_squares, least_squares});
  if (!(fit.genotype > least)) {
    out.reason = Reason::collinear;
    return false;
  }
  return true;
}

/// What an omnibus test of `n` samples with calls leaves; 0: there is none.
double VariantTest::omnibus_dof(std::size_t n, std::size_t n_covariates) const noexcept {
  auto const dof = static_cast<double>(n) - static_cast<double>(n_covariates) -
                   static_cast<double>(omnibus_factor_.rank());
  return dof < 1 || omnibus_factor_.rank() == 0 ? 0 : dof;
}

Reason VariantTest::filter(VariantSums const& sums, MaskStatistics const& counts) const {
  CodeSums const& code = sums.code;
  if (code.n_samples == 0) {
    return Reason::no_samples;
  }
  if (code.n_missing == code.n_samples) {
    return Reason::all_missing;
  }
  // Divided, not multiplied out: 0.29 x 100 is below 29.
  if (static_cast<double>(code.n_missing) / static_cast<double>(code.n_samples) >
      filters_.max_missing_rate) {
    return Reason::missing_rate;
  }
  if (code.is_constant) {
    return Reason::constant;
  }
  if (counts.minor_allele_count < filters_.min_minor_allele_count) {
    return Reason::minor_allele_count;
  }
  // Not min(f, 1 - f): 1 - 0.9 is below 0.1, so swapped alleles would be filtered differently.
  if (counts.minor_allele_count / n_alleles(code) < filters_.min_minor_allele_frequency) {
    return Reason::minor_allele_frequency;
  }
  if (std::isfinite(filters_.max_hardy_weinberg_log10p) &&
      hardy_weinberg_log10p({static_cast<std::int64_t>(code.n_two_effect),
                             static_cast<std::int64_t>(code.n_one_of_each),
                             static_cast<std::int64_t>(code.n_two_other)}) >
          filters_.max_hardy_weinberg_log10p) {
    return Reason::hardy_weinberg;
  }
  return Reason::tested;
}

VariantTest::Regression VariantTest::with_mean(VariantSums const& sums) {
  CodeSums const& code = sums.code;
  MeanImputed const with = impute_mean(code.sum, code.sum_of_squares,
                                       static_cast<double>(code.n_samples - code.n_missing),
                                       static_cast<double>(code.n_missing));
  double genotype = with.sum_of_squares;
  for (std::size_t c = 0; c < group_.n_basis; ++c) {
    std::size_t const column = group_.basis_begin + c;
    double const b = sums.called[column] + with.mean * sums.missing[column];
    genotype -= b * b;
  }
  for (std::size_t k = 0; k < group_.n_responses; ++k) {
    std::size_t const column = group_.responses_begin + k;
    product_[k] = sums.called[column] + with.mean * sums.missing[column];
  }
  return {genotype,       product_, group_.sum_of_squares, group_.n_basis,
          code.n_samples, 0,        not_a_number};
}

void VariantTest::gather_missing(std::span<std::uint32_t const> samples) {
  std::size_t const n_basis = group_.n_basis;
  std::size_t const n_missing = samples.size();
  gram_.assign(n_basis * n_basis, 0.0);
  scratch_.assign(n_basis * n_missing, 0.0);
  missing_rows_.resize(group_.n_responses * n_missing);
  for (std::size_t i = 0; i < n_missing; ++i) {
    double const* row = model_.columns.row(samples[i]);
    for (std::size_t c = 0; c < n_basis; ++c) {
      scratch_[c * n_missing + i] = row[group_.basis_begin + c];
    }
    for (std::size_t k = 0; k < group_.n_responses; ++k) {
      missing_rows_[k * n_missing + i] = row[group_.responses_begin + k];
    }
  }
  // A = I - Q_M'Q_M: what is left of the basis among samples with a call.
  for (std::size_t a = 0; a < n_basis; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      gram_[a * n_basis + b] =
          (a == b ? 1.0 : 0.0) - dot(&scratch_[a * n_missing], &scratch_[b * n_missing], n_missing);
    }
  }
  basis_factor_.factor(gram_, basis_floor_);
}

/// Without samples that have no call, by correcting the fit of everybody; nothing where the fit
/// from the start is the better one.
std::optional<VariantTest::Regression> VariantTest::corrected(VariantSums const& sums) {
  CodeSums const& code = sums.code;
  if (!dropped_ || sums.in_float64) {
    return {};
  }
  basis_product_.assign(sums.called + group_.basis_begin,
                        sums.called + group_.basis_begin + group_.n_basis);
  double const fitted = dot(basis_product_.data(), basis_product_.data(), group_.n_basis);
  double const by_intercept =
      dropped_->has_intercept() ? basis_product_[0] * basis_product_[0] : 0.0;
  // With the mean in place of missing calls: near to the product without their samples.
  double const mean = code.sum / static_cast<double>(code.n_samples - code.n_missing);
  for (std::size_t k = 0; k < group_.n_responses; ++k) {
    std::size_t const column = group_.responses_begin + k;
    product_[k] = sums.called[column] + mean * sums.missing[column];
  }
  if (!dropped_->leave_out(sums.missing_samples, code.n_samples,
                           (fitted - by_intercept) / (code.sum_of_squares - fitted), product_)) {
    return {};
  }
  dropped_->solve_basis(basis_product_);
  std::copy_n(sums.called + group_.responses_begin, group_.n_responses, product_.begin());
  dropped_->add_to_product(basis_product_, sums.missing, product_);
  double const explained = dropped_->explained(product_);
  if (std::isnan(explained)) {
    return {};
  }
  std::size_t const n_missing = sums.missing_samples.size();
  double const genotype =
      code.sum_of_squares - dot(basis_product_.data(), basis_product_.data(), group_.n_basis);
  return Regression{
      genotype,  product_, dropped_->sum_of_squares(), group_.n_basis, code.n_samples - n_missing,
      n_missing, explained};
}

VariantTest::Regression VariantTest::without_missing(VariantSums const& sums) {
  if (auto const fit = corrected(sums)) {
    return *fit;
  }
  CodeSums const& code = sums.code;
  std::size_t const n_missing = sums.missing_samples.size();
  gather_missing(sums.missing_samples);
  auto const kept = basis_factor_.kept();
  std::size_t const rank = kept.size();
  basis_product_.resize(rank);
  for (std::size_t c = 0; c < rank; ++c) {
    basis_product_[c] = sums.called[group_.basis_begin + kept[c]];
  }
  basis_factor_.solve_lower(basis_product_);
  double const genotype =
      code.sum_of_squares - dot(basis_product_.data(), basis_product_.data(), rank);
  missing_cross_.resize(group_.n_responses * rank);
  for (std::size_t k = 0; k < group_.n_responses; ++k) {
    double* cross = missing_cross_.data() + k * rank;
    double const* response = missing_rows_.data() + k * n_missing;
    for (std::size_t c = 0; c < rank; ++c) {
      cross[c] = dot(&scratch_[kept[c] * n_missing], response, n_missing);
    }
    basis_factor_.solve_lower({cross, rank});
    product_[k] = sums.called[group_.responses_begin + k] + dot(basis_product_.data(), cross, rank);
    sum_of_squares_[k] =
        group_.sum_of_squares[k] - dot(response, response, n_missing) - dot(cross, cross, rank);
  }
  return {genotype,  product_,    sum_of_squares_, rank, code.n_samples - n_missing,
          n_missing, not_a_number};
}

void VariantTest::omnibus_gram_without_missing(std::size_t n_missing) {
  std::size_t const n = group_.omnibus_response.size();
  std::size_t const rank = basis_factor_.rank();
  gram_.resize(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t const ri = group_.omnibus_response[i];
    for (std::size_t j = 0; j <= i; ++j) {
      std::size_t const rj = group_.omnibus_response[j];
      gram_[i * n + j] =
          group_.omnibus_gram[i * n + j] -
          dot(&missing_rows_[ri * n_missing], &missing_rows_[rj * n_missing], n_missing) -
          dot(&missing_cross_[ri * rank], &missing_cross_[rj * rank], rank);
    }
  }
  dropped_factor_.factor(gram_, omnibus_floor_);
}

void VariantTest::queue_omnibus(Regression const& fit, std::size_t lane) {
  auto const kept = omnibus_factor_.kept();
  double const dof = omnibus_dof(fit.n, fit.rank);
  if (dof == 0) {
    return;
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    omnibus_product_[i * at_once + lane] = fit.product[group_.omnibus_response[kept[i]]];
  }
  omnibus_genotype_[lane] = fit.genotype;
  omnibus_dof_[lane] = dof;
}

void VariantTest::solve_omnibus(std::span<MaskStatistics> out) {
  if (std::ranges::all_of(omnibus_dof_, [](double dof) { return dof == 0; })) {
    return;
  }
  omnibus_factor_.solve_lower_lanes(omnibus_product_);
  std::array<double, at_once> explained{};
  for (std::size_t i = 0; i < omnibus_factor_.rank(); ++i) {
    for (std::size_t lane = 0; lane < at_once; ++lane) {
      double const x = omnibus_product_[i * at_once + lane];
      explained[lane] += x * x;
    }
  }
  auto const n_tested = static_cast<double>(omnibus_factor_.rank());
  for (std::size_t lane = 0; lane < out.size(); ++lane) {
    if (omnibus_dof_[lane] != 0) {
      fill_omnibus(explained[lane] / omnibus_genotype_[lane], n_tested, omnibus_dof_[lane],
                   out[lane]);
    }
  }
}

void VariantTest::omnibus_without_missing(Regression const& fit, MaskStatistics& out) {
  if (group_.omnibus_response.empty()) {
    return;
  }
  if (!std::isnan(fit.omnibus)) {
    auto const n_tested = static_cast<double>(omnibus_factor_.rank());
    auto const dof = static_cast<double>(fit.n) - static_cast<double>(fit.rank) - n_tested;
    if (dof >= 1 && n_tested > 0) {
      fill_omnibus(fit.omnibus / fit.genotype, n_tested, dof, out);
    }
    return;
  }
  omnibus_gram_without_missing(fit.n_dropped);
  std::size_t const n_tested = dropped_factor_.rank();
  auto const dof =
      static_cast<double>(fit.n) - static_cast<double>(fit.rank) - static_cast<double>(n_tested);
  if (dof < 1 || n_tested == 0) {
    return;
  }
  scratch_.resize(n_tested);
  for (std::size_t i = 0; i < n_tested; ++i) {
    scratch_[i] = fit.product[group_.omnibus_response[dropped_factor_.kept()[i]]];
  }
  dropped_factor_.solve_lower(scratch_);
  double const explained = dot(scratch_.data(), scratch_.data(), n_tested) / fit.genotype;
  fill_omnibus(explained, static_cast<double>(n_tested), dof, out);
}

}  // namespace igwas
