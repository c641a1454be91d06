// Chi-square: the limit of t squared and of F when the residual degrees of freedom grow.
#pragma once

namespace igwas {

/// -log10 of the upper tail, P(X >= chisq) with `dof` degrees of freedom.
///
/// Computed in log space, so it never underflows; relative error below 1e-10 for dof to 1e6.
/// 0 for negative chisq; NaN if chisq is NaN or dof is not positive and finite; infinity at
/// infinite chisq. Any thread may call it.
[[nodiscard]] double log10p_chisq(double chisq, double dof) noexcept;

}  // namespace igwas
