// The kernel after the tests, where results stay on the device: t and p.
#pragma once

#include "array_arguments.hpp"
#include "igwas/student_t.hpp"
#include "tile_shape.hpp"

#include <cuda_runtime.h>

namespace igwas::cuda {

/// As log10p_student_t(), for whole degrees of freedom.
__device__ inline double log10p_of(double t, int dof, TailArguments const& with) {
  double const size = t < 0 ? -t : t;
  if (!(size >= 0) || dof <= 0) {
    return with.not_a_number;
  }
  if (size == 0 || size == with.infinity) {
    return size;
  }
  return student_t_of_whole(size, dof);
}

/// One thread a test; block_threads threads a block.
__global__ void __launch_bounds__(block_threads) tail_rows(TailArguments with) {
  unsigned long long const at =
      static_cast<unsigned long long>(blockIdx.x) * block_threads + threadIdx.x;
  if (at >= with.n_tests) {
    return;
  }
  unsigned const mask = with.mask_of[at % with.n_phenotypes];
  unsigned long long const of = at / with.n_phenotypes * with.n_masks + mask;
  int const dof = with.degrees_of_freedom[of];
  with.test_freedom[at] = dof;
  // What filters and covariates leave untested has numbers all the same.
  bool const is_tested = with.reason[of] == 0;
  double const beta = is_tested ? with.beta[at] : with.not_a_number;
  double const se = is_tested ? with.se[at] : with.not_a_number;
  double const t = beta / se;
  with.beta[at] = beta;
  with.se[at] = se;
  with.t[at] = t;
  with.log10p[at] = log10p_of(t, dof, with);
}

}  // namespace igwas::cuda
