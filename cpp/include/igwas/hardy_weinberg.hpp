// Exact test of Hardy-Weinberg equilibrium.
#pragma once

#include <cstdint>

namespace igwas {

/// Genotype counts of one variant among called samples.
struct GenotypeCounts {
  std::int64_t first_homozygotes;
  std::int64_t heterozygotes;
  std::int64_t second_homozygotes;
};

/// -log10 of the two-sided exact p (Wigginton, Cutler & Abecasis 2005, AJHG 76:887): the summed
/// probability, given the allele counts, of every heterozygote count no more probable than the
/// observed one. With `mid_p`, counts exactly as probable as the observed one weigh a half
/// (Graffelman & Moreno 2013).
///
/// Never underflows. At most one step for each two rare alleles, and usually far fewer: it stops
/// where the rest cannot change the result. Symmetric in the homozygotes. 0 without samples; NaN if
/// a count is negative. Any thread may call it.
[[nodiscard]] double hardy_weinberg_log10p(GenotypeCounts counts, bool mid_p = false) noexcept;

}  // namespace igwas
