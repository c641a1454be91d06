// What the kernels that count and test work on. Addresses are of the device's memory.
#pragma once

#include "tile_shape.hpp"

namespace igwas::cuda {

/// Samples of one word of a set: those of one word of a row.
inline constexpr unsigned word_samples = 16;

/// Sums over the called samples of a set, in codes of the effect allele: EffectSums.
struct SetSums {
  unsigned long long sum;
  unsigned long long sum_of_squares;
  unsigned n_called;
  unsigned n_one_of_each;  ///< hard calls only
  unsigned least;          ///< dosages only
  unsigned greatest;       ///< dosages only
};

struct CountArguments {
  unsigned char const* genotypes;  ///< (variants, row_bytes) as in a GenotypeBatch
  unsigned long long row_bytes;
  unsigned const* sets;  ///< (n_sets, n_words) a bit at the low position of each call
  SetSums* sums;         ///< (variants, n_sets)
  unsigned* word_sums;   ///< (variants) of the row's 32-bit words, modulo 2^32
  unsigned n_words;      ///< of 16 samples
  unsigned n_sets;
};

struct ListArguments {
  SetSums const* sums;    ///< (variants, n_sets) the first set is everybody
  SumRow* rows;           ///< (2 x variants) what is to be summed
  unsigned* n_missing;    ///< rows of missing calls behind those of the variants; zero before
  unsigned* missing_row;  ///< (variants) the row of its missing calls, or no_row
  unsigned n_variants;
  unsigned n_sets;
  unsigned n_samples;
  unsigned two_copies;  ///< the code of two copies
};

inline constexpr unsigned no_row = 0xFFFFFFFFU;

/// One mask of the model. Places are in the tables of TestArguments.
struct MaskTable {
  unsigned set;
  unsigned n_samples;
  unsigned responses_begin;  ///< column
  unsigned n_responses;
  unsigned n_phenotypes;
  unsigned basis_begin;  ///< column
  unsigned n_basis;
  unsigned n_omnibus;            ///< rank of the omnibus test
  unsigned phenotypes_at;        ///< of response_squares and output_column
  unsigned omnibus_at;           ///< of omnibus_column
  unsigned long long factor_at;  ///< of factor
  double degrees_of_freedom;
};

/// Of one variant and one mask.
struct FitSums {
  double genotype;
  double explained;
  unsigned n_small;
  unsigned n_reaching;
};

/// Of one variant: what the host compares.
struct RowCheck {
  long long called;  ///< sums of the checksum's column
  long long missing;
  unsigned word_sum;
  unsigned is_flipped;
};

struct TestArguments {
  SetSums const* counts;           ///< (variants, n_sets)
  SumRow const* rows;              ///< (2 x variants)
  unsigned const* missing_row;     ///< (variants)
  unsigned const* word_sums;       ///< (variants)
  unsigned long long const* sums;  ///< (2 x variants, n_columns)
  double* products;                ///< (variants, n_columns) scratch
  MaskTable const* masks;          ///< (masks)
  double const* unit;              ///< (model columns)
  unsigned const* low_limb;        ///< (model columns) 0: none
  double const* response_squares;  ///< sums of squares of phenotypes, mask by mask
  unsigned const* output_column;   ///< the same order
  unsigned const* omnibus_column;  ///< columns of the omnibus tests, mask by mask
  double const* factor;            ///< lower triangles, column by column, mask by mask
  double* beta;                    ///< (variants, n_phenotypes)
  double* se;                      ///< (variants, n_phenotypes)
  FitSums* fits;                   ///< (variants, masks)
  RowCheck* checks;                ///< (variants)
  double unit_of_code;             ///< allele copies to code units
  double hit_chisq;
  double not_a_number;
  unsigned n_sets;
  unsigned n_columns;  ///< of the sums
  unsigned n_phenotypes;
  unsigned checksum_column;
  unsigned two_copies;
};

}  // namespace igwas::cuda
