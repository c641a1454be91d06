#include "igwas/fine_products.hpp"

#include "igwas/multiversion.hpp"
#include "kernels/fixed_kernels.hpp"
#include "product_sums.hpp"

namespace igwas {

namespace {

/// Add `weight` times a row of integers; below 2^63 for most_fine_samples of them.
IGWAS_MULTIVERSION
void add_row(std::int32_t const* row, std::int64_t weight, std::size_t n, std::int64_t* sums) {
  for (std::size_t k = 0; k < n; ++k) {
    sums[k] += weight * row[k];
  }
}

}  // namespace

void multiply_fine(GenotypeBatch const& batch, FixedColumns const& columns, BatchProducts& out,
                   FineScratch& scratch, bool sums_missing) {
  std::size_t const stride = columns.stride();
  scratch.sums.assign(2 * batch.size() * stride, 0);
  for (std::size_t v = 0; v < batch.size(); ++v) {
    std::int64_t* const called = scratch.sums.data() + v * stride;
    std::int64_t* const missing = called + batch.size() * stride;
    std::uint32_t const* const codes = batch.padded_fine(v);
    for (std::size_t i = 0; i < columns.samples(); ++i) {
      std::int32_t const* const row = columns.data() + kernels::row_of_sample(i) * stride;
      if (codes[i] != missing_fine) {
        add_row(row, batch.is_flipped(v) ? two_copies_fine - codes[i] : codes[i], stride, called);
      } else if (sums_missing) {
        add_row(row, 1, stride, missing);
      }
    }
  }
  write_products(columns, batch.size(), scratch.sums.data(), out);
}

}  // namespace igwas
