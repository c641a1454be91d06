// Student's t: the test of one variant on one phenotype.
#pragma once

#include "igwas/host_device.hpp"
#include "igwas/incomplete_beta.hpp"

#include <cmath>

namespace igwas {

/// log10p_student_t() of finite `t` above 0 and whole `dof` of at least 1: one body for the CPU and
/// for GPUs. Their logarithms may differ in the last bit, and with it the tail, by 1e-14 of itself.
[[nodiscard]] IGWAS_HOST_DEVICE inline double student_t_of_whole(double t, double dof) noexcept {
  constexpr double log_of_ten = 2.30258509299404568402;
  Odds const odds{t * t / dof, 2 * std::log(t) - std::log(dof)};
  return -log_incomplete_beta_of_halves(dof / 2, 0.5, odds) / log_of_ten;
}

/// -log10 of the two-sided p, P(|T| >= |t|) with `dof` degrees of freedom.
///
/// Computed in log space, so it never underflows; relative error below 1e-10 for dof from 1 to
/// 500,000 and any t. Whole and fractional `dof` alike; infinite `dof` is the normal distribution.
/// NaN if t is NaN or dof is not positive; infinity at infinite t. Any thread may call it.
[[nodiscard]] double log10p_student_t(double t, double dof) noexcept;

}  // namespace igwas
