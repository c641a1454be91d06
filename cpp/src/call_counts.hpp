// How many samples of a set have which call.
#pragma once

#include "igwas/genotype_batch.hpp"

#include <cstddef>
#include <cstdint>

namespace igwas {

/// Calls of the samples of a set of `n_samples`, in `n` words.
[[nodiscard]] GenotypeBatch::CallCounts count_calls(std::uint64_t const* calls,
                                                    std::uint64_t const* set, std::size_t n,
                                                    std::size_t n_samples);

}  // namespace igwas
