// Zstandard, bound at run time from a shared library: a fresh machine has no zstd headers, but
// every installation that can read genotypes.h5 has the library inside hdf5plugin.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace igwas {

/// Bind the codec from the shared library at `path` (a name without "/" is looked up by the dynamic
/// loader). The first success holds for the life of the process; later calls do nothing. Any number
/// of threads may call it.
/// Throws DeviceUnavailable if the library cannot be opened or lacks a function.
void load_zstd(std::string const& path);

/// True once `load_zstd` has succeeded.
[[nodiscard]] bool zstd_is_loaded() noexcept;

/// One frame holding `data`. `level` is 1 (fast) to 22 (small); negative levels are faster still.
/// Throws DeviceUnavailable before `load_zstd`; Error if the codec refuses. Thread-safe.
[[nodiscard]] std::vector<std::byte> zstd_compress(std::span<std::byte const> data, int level);

/// Decompress all of `in` into `out`, whose size must be exactly that of the original bytes.
/// Throws CorruptFile if `in` is damaged, cut short, or holds another number of bytes;
/// DeviceUnavailable before `load_zstd`. Thread-safe.
void zstd_decompress(std::span<std::byte const> in, std::span<std::byte> out);

}  // namespace igwas
