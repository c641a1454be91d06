// How the genotypes of a row go to a device, and what a code stands for there.
#pragma once

#include "igwas/device_tests.hpp"
#include "igwas/genotype_batch.hpp"
#include "launch.hpp"

#include <cstddef>

namespace igwas::cuda {

/// \param kind of those that are summed exactly.
[[nodiscard]] RowForm form_of(GenotypeBatch::Kind kind) noexcept;

/// Bytes of a row of `n_samples`, a multiple of 4.
[[nodiscard]] std::size_t bytes_of_row(GenotypeBatch::Kind kind, std::size_t n_samples) noexcept;

/// A row as it goes to the device.
[[nodiscard]] unsigned char const* genotypes_of(GenotypeBatch const& batch,
                                                std::size_t variant) noexcept;

struct RowCoding {
  GenotypeBatch::Kind kind = GenotypeBatch::Kind::calls;
  double scale = 1;  ///< copies of one code unit

  [[nodiscard]] RowForm form() const noexcept { return form_of(kind); }
  [[nodiscard]] unsigned two_copies() const noexcept {
    return static_cast<unsigned>(two_copies_of(kind));
  }
};

[[nodiscard]] inline RowCoding coding_of(GenotypeBatch const& batch) noexcept {
  return {batch.kind(), batch.scale().scale};
}

}  // namespace igwas::cuda
