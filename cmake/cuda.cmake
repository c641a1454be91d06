# The GPU backend: a module of its own, built where nvcc is found. Without it everything else is the
# same, and `--device cuda` says what is missing.
set(IGWAS_CUDA AUTO CACHE STRING "Build the GPU backend: AUTO (where nvcc is found), ON or OFF")
set(IGWAS_CUDA_FOLDER /usr/local/cuda CACHE PATH "Toolkit to use where no nvcc is on PATH")
set(IGWAS_CUDA_ARCHITECTURES "" CACHE STRING "GPU architectures to compile for; empty: all")

set(igwas_cuda_folder ${CMAKE_CURRENT_SOURCE_DIR}/cpp/cuda)
file(GLOB IGWAS_CUDA_SOURCES CONFIGURE_DEPENDS ${igwas_cuda_folder}/*.cpp)
list(REMOVE_ITEM IGWAS_CUDA_SOURCES ${igwas_cuda_folder}/module.cpp
     ${igwas_cuda_folder}/module_arrays.cpp)
set(IGWAS_CUDA_BINDINGS ${igwas_cuda_folder}/module.cpp ${igwas_cuda_folder}/module_arrays.cpp
    ${CMAKE_CURRENT_SOURCE_DIR}/cpp/bindings/bind_errors.cpp)

set(IGWAS_HAS_CUDA OFF)
if(NOT IGWAS_CUDA STREQUAL "OFF")
  # For the compiler's own checks: every nvcc that we can use knows Turing.
  set(CMAKE_CUDA_ARCHITECTURES 75-real)
  # That none was found before does not mean that there is none now.
  if(NOT CMAKE_CUDA_COMPILER)
    unset(CMAKE_CUDA_COMPILER CACHE)
  endif()
  # Where NVIDIA's installers put it, which is seldom on PATH.
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(igwas_nvcc nvcc PATHS ENV CUDA_HOME ENV CUDA_PATH ${IGWAS_CUDA_FOLDER}
                 PATH_SUFFIXES bin)
    if(igwas_nvcc)
      set(CMAKE_CUDA_COMPILER ${igwas_nvcc})
    endif()
    unset(igwas_nvcc CACHE)
  endif()
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    find_package(CUDAToolkit)
  endif()
  # Older ones do not know C++20.
  if(TARGET CUDA::cudart_static AND CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 12.0)
    set(IGWAS_HAS_CUDA ON)
  elseif(IGWAS_CUDA STREQUAL "ON")
    message(FATAL_ERROR "IGWAS_CUDA is ON but no working nvcc is found; expected CUDA 12.0 or newer "
                        "with its static runtime. Put nvcc on PATH, set CUDACXX, or build with "
                        "-DIGWAS_CUDA=OFF.")
  else()
    message(STATUS "no nvcc of CUDA 12.0 or newer: the GPU backend is left out")
  endif()
endif()

if(IGWAS_HAS_CUDA)
  # The last one is also kept as PTX, for GPUs that are yet to come.
  set(igwas_cuda_architectures ${IGWAS_CUDA_ARCHITECTURES})
  if(NOT igwas_cuda_architectures AND CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 12.8)
    set(igwas_cuda_architectures 75-real 80-real 86-real 89-real 90-real 100-real 120)
  elseif(NOT igwas_cuda_architectures)
    set(igwas_cuda_architectures 75-real 80-real 86-real 89-real 90)
  endif()
  message(STATUS "GPU backend: nvcc ${CMAKE_CUDA_COMPILER_VERSION}, ${igwas_cuda_architectures}")
  add_library(igwas_cuda STATIC ${IGWAS_CUDA_SOURCES} ${igwas_cuda_folder}/launch.cu)
  set_target_properties(igwas_cuda PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON
                                              CUDA_ARCHITECTURES "${igwas_cuda_architectures}")
  # The tests have the bits of the CPU's, which are not fused either.
  target_compile_options(igwas_cuda PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--fmad=false>)
  target_include_directories(igwas_cuda PUBLIC ${igwas_cuda_folder}
                                               ${CMAKE_CURRENT_SOURCE_DIR}/cpp/src)
  # The static runtime looks for the driver when it is first called, so that the module can be
  # imported on a machine that has none.
  target_link_libraries(igwas_cuda PUBLIC igwas_core CUDA::cudart_static)
  if(IGWAS_WARNINGS_AS_ERRORS)
    target_compile_options(igwas_cuda
                           PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror all-warnings>")
  endif()
  if(IGWAS_BUILD_BINDINGS)
    pybind11_add_module(_cuda ${IGWAS_CUDA_BINDINGS})
    target_link_libraries(_cuda PRIVATE igwas_cuda)
    target_compile_options(_cuda PRIVATE -Wno-conversion -Wno-shadow)
    install(TARGETS _cuda LIBRARY DESTINATION igwas)
  endif()
endif()
