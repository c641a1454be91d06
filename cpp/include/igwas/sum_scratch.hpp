// Memory for the sums of a product in fixed point.
#pragma once

#include "igwas/aligned_buffer.hpp"

#include <cstdint>
#include <vector>

namespace igwas {

/// Sums over rows of the columns, which are added up in `Partial` and now and then carried to 64
/// bits.
template <typename Partial>
struct SumScratch {
  AlignedBuffer<std::int64_t> total;  ///< (sums, stride)
  AlignedBuffer<Partial> partial;     ///< the same, not yet carried
  std::vector<std::uint32_t> weight;  ///< (sums) of what is not yet carried
};

}  // namespace igwas
