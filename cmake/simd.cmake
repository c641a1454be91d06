# Flags of the files that hold one instruction set each; every other file is for the baseline.
set(kernels ${CMAKE_CURRENT_SOURCE_DIR}/cpp/src/kernels)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  file(GLOB avx2_sources CONFIGURE_DEPENDS ${kernels}/*_avx2.cpp)
  file(GLOB avx512_sources CONFIGURE_DEPENDS ${kernels}/*_avx512.cpp)
  set_source_files_properties(${avx2_sources} PROPERTIES COMPILE_OPTIONS -march=x86-64-v3)
  set_source_files_properties(${avx512_sources} PROPERTIES COMPILE_OPTIONS -march=x86-64-v4)
else()
  list(FILTER IGWAS_SOURCES EXCLUDE REGEX "_avx(2|512)\\.cpp$")
endif()
# Sums in float32 whose rounding no result shows: fused where the machine can.
file(GLOB dropped_sources CONFIGURE_DEPENDS ${kernels}/dropped_*.cpp)
set_property(SOURCE ${dropped_sources} APPEND PROPERTY COMPILE_OPTIONS -ffp-contract=fast)
