// Of the tables of kernels, one for each instruction set, those that the process uses.
#include "code_kernels.hpp"
#include "dosage_kernels.hpp"
#include "dropped_kernels.hpp"
#include "fixed_kernels.hpp"
#include "simd_choice.hpp"

// The other instruction sets have no tables elsewhere, and so no names to choose from.
#if defined(__x86_64__)
#define IGWAS_CHOSEN(stem) chosen(stem##_generic, stem##_avx2, stem##_avx512)
#else
#define IGWAS_CHOSEN(stem) stem##_generic
#endif

namespace igwas::kernels {

#if defined(__x86_64__)
namespace {

template <typename Table>
[[nodiscard]] Table const& chosen(Table const& generic, Table const& avx2, Table const& avx512) {
  switch (simd_choice()) {
    case SimdLevel::avx512:
      return avx512;
    case SimdLevel::avx2:
      return avx2;
    case SimdLevel::generic:
      break;
  }
  return generic;
}

}  // namespace
#endif

CodeKernels const& code_kernels() { return IGWAS_CHOSEN(code); }
DosageKernels const& dosage_kernels() { return IGWAS_CHOSEN(dosage); }
DroppedKernels const& dropped_kernels() { return IGWAS_CHOSEN(dropped); }
FixedKernels const& fixed_kernels() { return IGWAS_CHOSEN(fixed); }

}  // namespace igwas::kernels
