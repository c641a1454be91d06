# Flags of the files that hold one instruction set each; every other file is for the baseline.
set(kernels ${CMAKE_CURRENT_SOURCE_DIR}/cpp/src/kernels)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties(
    ${kernels}/fixed_avx2.cpp ${kernels}/dosage_avx2.cpp PROPERTIES COMPILE_OPTIONS
                                                                    -march=x86-64-v3)
  set_source_files_properties(
    ${kernels}/fixed_avx512.cpp ${kernels}/dosage_avx512.cpp PROPERTIES COMPILE_OPTIONS
                                                                        -march=x86-64-v4)
else()
  list(FILTER IGWAS_SOURCES EXCLUDE REGEX "(fixed|dosage)_avx(2|512)\\.cpp$")
endif()
