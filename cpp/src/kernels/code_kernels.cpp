#include "code_kernels.hpp"

#include "simd_choice.hpp"

namespace igwas::kernels {

CodeKernels const& code_kernels() {
#if defined(__x86_64__)
  switch (simd_choice()) {
    case SimdLevel::avx512:
      return code_avx512;
    case SimdLevel::avx2:
      return code_avx2;
    case SimdLevel::generic:
      break;
  }
#endif
  return code_generic;
}

}  // namespace igwas::kernels
