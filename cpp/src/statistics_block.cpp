#include "igwas/statistics_block.hpp"

#include <limits>

namespace igwas {

void StatisticsBlock::reset(std::size_t variants, std::size_t masks, std::size_t phenotypes) {
  n_variants = variants;
  std::size_t const per_mask = variants * masks;
  n.assign(per_mask, 0);
  missing_count.assign(per_mask, 0);
  degrees_of_freedom.assign(per_mask, 0);
  reason.assign(per_mask, 0);
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  for (auto* values : {&effect_allele_frequency, &minor_allele_count, &genotype_sum_of_squares,
                       &omnibus_f, &omnibus_log10p}) {
    values->assign(per_mask, none);
  }
  beta.assign(variants * phenotypes, none);
  se.assign(variants * phenotypes, none);
  hits.clear();
}

}  // namespace igwas
