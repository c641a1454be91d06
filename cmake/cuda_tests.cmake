# Tests of the GPU backend. Its sources, unchanged, are compiled for the CPU with a stand-in of the
# toolkit's headers; neither nvcc nor a GPU is needed.
set(sim ${CMAKE_CURRENT_SOURCE_DIR}/cpp/tests/cuda_sim)
set(sim_runtime ${sim}/array_library.cpp ${sim}/fibers.cpp ${sim}/memory_calls.cpp ${sim}/simulation.cpp
                ${sim}/stack_switch.cpp ${sim}/stream_calls.cpp)
add_library(igwas_cuda_sim STATIC ${IGWAS_CUDA_SOURCES} ${sim_runtime} ${sim}/kernels.cpp)
target_include_directories(igwas_cuda_sim PUBLIC ${sim}/toolkit ${sim} ${igwas_cuda_folder}
                                                 ${CMAKE_CURRENT_SOURCE_DIR}/cpp/src)
target_compile_definitions(igwas_cuda_sim PUBLIC IGWAS_CUDA_SIM)
target_compile_options(igwas_cuda_sim PUBLIC -Wno-unknown-pragmas)
target_link_libraries(igwas_cuda_sim PUBLIC igwas_core)
# The kernels are known by what their source registers at start-up: nothing refers to it by name.
set(whole_sim -Wl,--whole-archive igwas_cuda_sim -Wl,--no-whole-archive)

file(GLOB IGWAS_SIM_TESTS CONFIGURE_DEPENDS ${sim}/test_*.cpp)
foreach(source ${IGWAS_SIM_TESTS})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${whole_sim})
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/cpp/tests)
  add_test(NAME ${name} COMMAND ${name})
endforeach()

# The same module for Python, so that the command itself runs on the simulated GPU.
if(IGWAS_BUILD_BINDINGS)
  pybind11_add_module(_cuda_sim ${IGWAS_CUDA_BINDINGS})
  set_target_properties(_cuda_sim PROPERTIES OUTPUT_NAME _cuda
                        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/cuda_sim)
  target_link_libraries(_cuda_sim PRIVATE ${whole_sim})
  target_compile_options(_cuda_sim PRIVATE -Wno-conversion -Wno-shadow)
endif()

if(IGWAS_HAS_CUDA)
  # The objects of the real module, as nvcc made them, with another runtime in place of NVIDIA's.
  # Kernels for the CPU have the names of nvcc's stubs: they stay inside the runtime's library.
  add_library(igwas_sim_kernels OBJECT ${sim}/kernels.cpp)
  target_include_directories(igwas_sim_kernels PRIVATE ${sim}/toolkit ${sim} ${igwas_cuda_folder}
                                                       ${CMAKE_CURRENT_SOURCE_DIR}/cpp/include)
  target_compile_definitions(igwas_sim_kernels PRIVATE IGWAS_CUDA_SIM)
  target_compile_options(igwas_sim_kernels PRIVATE -Wno-unknown-pragmas)
  add_library(igwas_sim_runtime SHARED ${sim_runtime} $<TARGET_OBJECTS:igwas_sim_kernels>)
  set_target_properties(igwas_sim_runtime PROPERTIES CXX_VISIBILITY_PRESET default)
  target_include_directories(igwas_sim_runtime PUBLIC ${sim})
  target_include_directories(igwas_sim_runtime SYSTEM PUBLIC ${CUDAToolkit_INCLUDE_DIRS})
  target_link_libraries(igwas_sim_runtime PUBLIC Threads::Threads)
  foreach(kind objects array_objects)
    set(source ${sim}/test_cuda_simulation.cpp)
    if(kind STREQUAL "array_objects")
      set(source ${sim}/test_cuda_arrays.cpp)
    endif()
    set(name test_cuda_${kind})
    add_executable(${name} ${source} $<TARGET_OBJECTS:igwas_cuda>)
    set_target_properties(${name} PROPERTIES CUDA_RUNTIME_LIBRARY None LINKER_LANGUAGE CXX)
    target_include_directories(${name} PRIVATE ${igwas_cuda_folder}
                                               ${CMAKE_CURRENT_SOURCE_DIR}/cpp/tests
                                               ${CMAKE_CURRENT_SOURCE_DIR}/cpp/src)
    target_link_libraries(${name} PRIVATE igwas_core igwas_sim_runtime)
    add_test(NAME ${name} COMMAND ${name})
  endforeach()

  # The same cases on this machine's GPUs; compiled and linked wherever nvcc is.
  add_executable(test_gpu ${CMAKE_CURRENT_SOURCE_DIR}/cpp/tests/gpu/test_gpu.cpp)
  target_link_libraries(test_gpu PRIVATE igwas_cuda)
  add_test(NAME test_gpu COMMAND test_gpu)
  set_tests_properties(test_gpu PROPERTIES SKIP_RETURN_CODE 77)
endif()
