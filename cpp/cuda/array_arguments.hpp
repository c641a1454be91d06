// What the kernels of arrays on a device work on. Addresses are of the device's memory.
#pragma once

#include <cstdint>

namespace igwas::cuda {

/// Types of genotypes that an array on a device may have.
enum class ArrayType : std::uint8_t { int8, float32, float64 };

/// Of one value.
[[nodiscard]] constexpr long long bytes_of(ArrayType type) noexcept {
  return type == ArrayType::int8 ? 1 : (type == ArrayType::float32 ? 4 : 8);
}

/// No value of an array is wrong.
inline constexpr unsigned long long no_place = ~0ULL;

/// Effect allele copies where another library put them: 0 to 2, or missing (a negative integer, or
/// NaN).
struct ArrayRows {
  void const* values;        ///< of the first variant and sample
  long long variant_stride;  ///< elements from a variant to the next
  long long sample_stride;   ///< elements from a sample to the next
};

struct CheckArguments {
  ArrayRows rows;
  unsigned long long* first_wrong;  ///< place (variant x n_samples + sample); no_place before
  unsigned* has_fraction;           ///< set to 1 if a dosage is no whole number of copies; 0 before
  unsigned n_samples;               ///< of the array
};

struct PackArguments {
  ArrayRows rows;
  unsigned const* samples;  ///< (n_samples) place in the array of each analysed one
  unsigned* words;          ///< (variants, n_words) of 16 calls, or one fine code
  unsigned n_samples;       ///< analysed
  unsigned n_words;
};

/// What is left of the tests when all variants have been concluded.
struct TailArguments {
  unsigned char const* reason;    ///< (variants, masks)
  int const* degrees_of_freedom;  ///< (variants, masks)
  unsigned const* mask_of;        ///< (n_phenotypes)
  double* beta;                   ///< (variants, n_phenotypes)
  double* se;                     ///< the same
  double* t;                      ///< the same
  double* log10p;                 ///< the same
  int* test_freedom;              ///< the same, degrees of freedom of each test
  unsigned long long n_tests;     ///< variants x n_phenotypes
  double not_a_number;
  double infinity;
  unsigned n_phenotypes;
  unsigned n_masks;
};

}  // namespace igwas::cuda
