// The kernel after the sums: from integers to coefficients, with the arithmetic of the CPU.
#pragma once

#include "igwas/coefficient.hpp"
#include "test_arguments.hpp"

#include <cuda_runtime.h>

namespace igwas::cuda {

/// One variant and one mask as a block of threads sees them.
struct RowFit {
  TestArguments const& with;
  MaskTable const& mask;
  unsigned variant;
  bool is_flipped;
  unsigned missing_row;

  __device__ long long sum(unsigned row, unsigned column) const {
    // There the model has zeros.
    return column == with.checksum_column
               ? 0
               : static_cast<long long>(
                     with.sums[static_cast<unsigned long long>(row) * with.n_columns + column]);
  }

  __device__ double value(unsigned row, unsigned column) const {
    unsigned const low = with.low_limb[column];
    return column_value(sum(row, column), low != 0 ? sum(row, low) : 0, low != 0,
                        with.unit[column]);
  }

  __device__ double& product(unsigned column) const {
    return with.products[static_cast<unsigned long long>(variant) * with.n_columns + column];
  }

  /// Codes of the counted allele over called samples; whole numbers, so nothing is lost.
  __device__ MeanImputed imputed(SetSums const& of) const {
    unsigned long long const two = with.two_copies;
    unsigned long long const sum = is_flipped ? two * of.n_called - of.sum : of.sum;
    unsigned long long const squares =
        is_flipped ? two * two * of.n_called - 2 * two * of.sum + of.sum_of_squares
                   : of.sum_of_squares;
    return impute_mean(static_cast<double>(sum), static_cast<double>(squares),
                       static_cast<double>(of.n_called),
                       static_cast<double>(mask.n_samples - of.n_called));
  }
};

/// Genotype times the columns of the mask, each column by one thread.
__device__ inline void fill_products(RowFit const& fit, double mean, unsigned thread) {
  for (unsigned k = thread; k < fit.mask.n_responses + fit.mask.n_basis; k += block_threads) {
    unsigned const column = k < fit.mask.n_responses
                                ? fit.mask.responses_begin + k
                                : fit.mask.basis_begin + (k - fit.mask.n_responses);
    double const missing = fit.missing_row == no_row ? 0.0 : fit.value(fit.missing_row, column);
    fit.product(column) = fit.value(fit.variant, column) + mean * missing;
  }
}

/// S: what the covariates leave of the genotype, subtracted in their order.
[[nodiscard]] __device__ inline double residual_genotype(RowFit const& fit, double all) {
  for (unsigned c = 0; c < fit.mask.n_basis; ++c) {
    double const b = fit.product(fit.mask.basis_begin + c);
    all -= b * b;
  }
  return all;
}

/// Each phenotype by one thread.
__device__ inline void fill_coefficients(RowFit const& fit, double genotype, unsigned thread,
                                         FitSums& counts) {
  TestArguments const& with = fit.with;
  CoefficientUnits const units = {genotype, fit.mask.degrees_of_freedom * genotype,
                                  fit.is_flipped ? -with.unit_of_code : with.unit_of_code,
                                  with.not_a_number};
  for (unsigned k = thread; k < fit.mask.n_phenotypes; k += block_threads) {
    double const squares = with.response_squares[fit.mask.phenotypes_at + k];
    Coefficient const of =
        coefficient(fit.product(fit.mask.responses_begin + k), squares, squares, units);
    unsigned long long const at = static_cast<unsigned long long>(fit.variant) * with.n_phenotypes +
                                  with.output_column[fit.mask.phenotypes_at + k];
    with.beta[at] = of.beta;
    with.se[at] = of.se;
    if (of.is_small) {
      atomicAdd(&counts.n_small, 1U);
    }
    if (reaches(of.beta, of.se, with.hit_chisq)) {
      atomicAdd(&counts.n_reaching, 1U);
    }
  }
}

/// L^-1 u and the sum of its squares. Each row is divided by its pivot when all before it have been
/// taken off, in their order: the sums of Cholesky::solve_lower_lanes(), many rows at a time. A row
/// stays with one thread; `solved` holds two rows in turn, so that one barrier a row is enough.
__device__ inline void fill_omnibus(RowFit const& fit, unsigned thread, double (&solved)[2],
                                    FitSums& to) {
  unsigned const n = fit.mask.n_omnibus;
  unsigned const* columns = fit.with.omnibus_column + fit.mask.omnibus_at;
  double const* factor = fit.with.factor + fit.mask.factor_at;
  double explained = 0;
  for (unsigned row = 0; row < n; ++row) {
    if (row % block_threads == thread) {
      solved[row % 2] = fit.product(columns[row]) / factor[0];
    }
    __syncthreads();
    double const x = solved[row % 2];
    if (thread == 0) {
      explained += x * x;
    }
    unsigned const start =
        row + 1 + (thread + block_threads - (row + 1) % block_threads) % block_threads;
    for (unsigned below = start; below < n; below += block_threads) {
      fit.product(columns[below]) -= factor[below - row] * x;
    }
    factor += n - row;
  }
  if (thread == 0) {
    to.explained = explained;
  }
}

/// Grid: variants, masks; block_threads threads a block.
__global__ void __launch_bounds__(block_threads) test_rows(TestArguments with) {
  __shared__ FitSums found;
  __shared__ double solved[2];
  unsigned const thread = threadIdx.x;
  unsigned const variant = blockIdx.x;
  MaskTable const& mask = with.masks[blockIdx.y];
  RowFit const fit = {with, mask, variant, with.rows[variant].kind == RowKind::other_counted,
                      with.missing_row[variant]};
  MeanImputed const imputed =
      fit.imputed(with.counts[static_cast<unsigned long long>(variant) * with.n_sets + mask.set]);
  fill_products(fit, imputed.mean, thread);
  __syncthreads();
  if (thread == 0) {
    found = {residual_genotype(fit, imputed.sum_of_squares), 0.0, 0, 0};
  }
  __syncthreads();
  fill_coefficients(fit, found.genotype, thread, found);
  // All have counted, also where no omnibus test follows.
  __syncthreads();
  fill_omnibus(fit, thread, solved, found);
  if (thread == 0) {
    with.fits[static_cast<unsigned long long>(variant) * gridDim.y + blockIdx.y] = found;
  }
  if (thread == 0 && blockIdx.y == 0) {
    unsigned long long const* checksums = with.sums + with.checksum_column;
    unsigned long long const n = with.n_columns;
    with.checks[variant] = {
        static_cast<long long>(checksums[variant * n]),
        fit.missing_row == no_row ? 0 : static_cast<long long>(checksums[fit.missing_row * n]),
        with.word_sums[variant], fit.is_flipped ? 1U : 0U};
  }
}

}  // namespace igwas::cuda
