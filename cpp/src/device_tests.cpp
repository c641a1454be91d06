#include "igwas/device_tests.hpp"

namespace igwas {

DeviceTests::DeviceTests(ScanModel const& of, SampleSets const& with, std::size_t n_columns,
                         double least_chisq)
    : model(of), sets(with), n_phenotypes(n_columns), hit_chisq(least_chisq) {
  for (MaskGroup const& group : model.masks) {
    omnibus.emplace_back().factor(group.omnibus_gram,
                                  std::vector<double>(group.omnibus_response.size(), 0.0));
  }
}

std::uint64_t two_copies_of(GenotypeBatch::Kind kind) noexcept {
  switch (kind) {
    case GenotypeBatch::Kind::bytes:
      return GenotypeBatch::two_copies_byte;
    case GenotypeBatch::Kind::codes:
      return GenotypeBatch::two_copies_code;
    case GenotypeBatch::Kind::fine:
      return two_copies_fine;
    case GenotypeBatch::Kind::calls:
    case GenotypeBatch::Kind::values:
      break;
  }
  return 2;
}

double least_square_of(GenotypeBatch::Kind kind) noexcept {
  return kind == GenotypeBatch::Kind::fine ? least_fine_square : 0;
}

double least_share_of(GenotypeBatch::Kind kind) noexcept {
  return kind == GenotypeBatch::Kind::values ? 1e-11 : 1e-8;
}

CodeSums count_allele(EffectSums const& of, GenotypeBatch::Kind kind, std::size_t n_samples,
                      bool is_flipped) noexcept {
  bool const has_calls = kind == GenotypeBatch::Kind::calls;
  std::uint64_t const two = two_copies_of(kind);
  CodeSums sums;
  sums.n_samples = n_samples;
  sums.n_missing = n_samples - of.n_called;
  sums.sum = static_cast<double>(is_flipped ? two * of.n_called - of.sum : of.sum);
  sums.sum_of_squares = static_cast<double>(is_flipped ? two * two * of.n_called -
                                                             2 * two * of.sum + of.sum_of_squares
                                                       : of.sum_of_squares);
  if (!has_calls) {
    sums.is_constant = of.n_called == 0 || of.least == of.greatest;
    return sums;
  }
  sums.n_one_of_each = of.n_one_of_each;
  sums.n_two_effect = (of.sum - of.n_one_of_each) / 2;
  sums.n_two_other = of.n_called - of.n_one_of_each - sums.n_two_effect;
  int const n_kinds = (sums.n_two_effect != 0 ? 1 : 0) + (sums.n_one_of_each != 0 ? 1 : 0) +
                      (sums.n_two_other != 0 ? 1 : 0);
  sums.is_constant = n_kinds <= 1;
  return sums;
}

}  // namespace igwas
