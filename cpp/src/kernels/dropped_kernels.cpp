#include "dropped_kernels.hpp"

#include "simd_choice.hpp"

namespace igwas::kernels {

DroppedKernels const& dropped_kernels() {
#if defined(__x86_64__)
  switch (simd_choice()) {
    case SimdLevel::avx512:
      return dropped_avx512;
    case SimdLevel::avx2:
      return dropped_avx2;
    case SimdLevel::generic:
      break;
  }
#endif
  return dropped_generic;
}

}  // namespace igwas::kernels
