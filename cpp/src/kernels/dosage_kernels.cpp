#include "dosage_kernels.hpp"

#include "simd_choice.hpp"

namespace igwas::kernels {

DosageKernels const& dosage_kernels() {
#if defined(__x86_64__)
  switch (simd_choice()) {
    case SimdLevel::avx512:
      return dosage_avx512;
    case SimdLevel::avx2:
      return dosage_avx2;
    case SimdLevel::generic:
      break;
  }
#endif
  return dosage_generic;
}

}  // namespace igwas::kernels
