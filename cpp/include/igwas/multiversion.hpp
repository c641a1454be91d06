// Several instruction sets from one source, chosen by the loader.
//
// Contraction is off (CMakeLists.txt) and the vectorised axis is never the one that is summed over,
// so every version gives the same bits.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define IGWAS_MULTIVERSION __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define IGWAS_MULTIVERSION
#endif
