// Which instruction set the kernels of this process use.
#pragma once

namespace igwas::kernels {

enum class SimdLevel { generic, avx2, avx512 };

/// The best the machine has, unless the environment variable IGWAS_SIMD names a lower one.
[[nodiscard]] SimdLevel simd_choice();

}  // namespace igwas::kernels
