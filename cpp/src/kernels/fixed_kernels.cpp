#include "fixed_kernels.hpp"

#include "simd_choice.hpp"

namespace igwas::kernels {

FixedKernels const& fixed_kernels() {
#if defined(__x86_64__)
  switch (simd_choice()) {
    case SimdLevel::avx512:
      return fixed_avx512;
    case SimdLevel::avx2:
      return fixed_avx2;
    case SimdLevel::generic:
      break;
  }
#endif
  return fixed_generic;
}

}  // namespace igwas::kernels
