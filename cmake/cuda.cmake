# The GPU backend: a module of its own, built where nvcc is found. Without it everything else is the
# same, and `--device cuda` says what is missing.
set(IGWAS_CUDA AUTO CACHE STRING "Build the GPU backend: AUTO (where nvcc is found), ON or OFF")
set(IGWAS_CUDA_ARCHITECTURES "75-real;80-real;86-real;89-real;90-real;100-real;120"
    CACHE STRING "GPU architectures to compile for")

set(igwas_cuda_folder ${CMAKE_CURRENT_SOURCE_DIR}/cpp/cuda)
file(GLOB IGWAS_CUDA_SOURCES CONFIGURE_DEPENDS ${igwas_cuda_folder}/*.cpp)
list(REMOVE_ITEM IGWAS_CUDA_SOURCES ${igwas_cuda_folder}/module.cpp)
set(IGWAS_CUDA_BINDINGS ${igwas_cuda_folder}/module.cpp
    ${CMAKE_CURRENT_SOURCE_DIR}/cpp/bindings/bind_errors.cpp)

set(IGWAS_HAS_CUDA OFF)
if(NOT IGWAS_CUDA STREQUAL "OFF")
  set(CMAKE_CUDA_ARCHITECTURES ${IGWAS_CUDA_ARCHITECTURES})
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    find_package(CUDAToolkit REQUIRED)
    set(IGWAS_HAS_CUDA ON)
  elseif(IGWAS_CUDA STREQUAL "ON")
    message(FATAL_ERROR "IGWAS_CUDA is ON but no working nvcc is found; expected one. Put nvcc on "
                        "PATH, set CUDACXX, or build with -DIGWAS_CUDA=OFF.")
  endif()
endif()

if(IGWAS_HAS_CUDA)
  add_library(igwas_cuda STATIC ${IGWAS_CUDA_SOURCES} ${igwas_cuda_folder}/launch.cu)
  set_target_properties(igwas_cuda PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON)
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
