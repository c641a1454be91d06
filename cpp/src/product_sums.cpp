#include "product_sums.hpp"

#include "igwas/dot_products.hpp"

namespace igwas {

void carry(std::int32_t* partial, std::int64_t* total, std::size_t n) {
  kernels::fixed_kernels().carry(partial, total, n);
}

void carry(double* partial, std::int64_t* total, std::size_t n) {
  for (std::size_t k = 0; k < n; ++k) {
    total[k] += static_cast<std::int64_t>(partial[k]);
    partial[k] = 0;
  }
}

void write_products(FixedColumns const& columns, std::size_t n_variants, std::int64_t const* called,
                    std::int64_t const* missing, BatchProducts& out) {
  std::size_t const n_columns = columns.columns();
  std::size_t const stride = columns.stride();
  out.n_columns = n_columns;
  out.called.resize(n_variants * n_columns);
  out.missing.resize(n_variants * n_columns);
  for (std::size_t v = 0; v < n_variants; ++v) {
    columns.values(called + v * stride, out.called.data() + v * n_columns);
    columns.values(missing + v * stride, out.missing.data() + v * n_columns);
  }
}

}  // namespace igwas
