// Student's t: the test of one variant on one phenotype.
#pragma once

namespace igwas {

/// -log10 of the two-sided p, P(|T| >= |t|) with `dof` degrees of freedom.
///
/// Computed in log space, so it never underflows; relative error below 1e-10 for dof from 1 to
/// 500,000 and any t. Whole and fractional `dof` alike; infinite `dof` is the normal distribution.
/// NaN if t is NaN or dof is not positive; infinity at infinite t. Any thread may call it.
[[nodiscard]] double log10p_student_t(double t, double dof) noexcept;

}  // namespace igwas
