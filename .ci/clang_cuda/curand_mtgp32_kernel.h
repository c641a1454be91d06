// Clang's own wrapper of the CUDA headers includes this one of cuRAND, which an installation of the
// compiler alone does not have. Only for clang-tidy, which compiles nothing.
#pragma once
