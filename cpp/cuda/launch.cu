#include "launch.hpp"

#include "array_rows.cuh"
#include "count_rows.cuh"
#include "sum_rows.cuh"
#include "tail_rows.cuh"
#include "test_rows.cuh"

namespace igwas::cuda {

namespace {

[[nodiscard]] constexpr unsigned tiles(unsigned n, unsigned size) { return (n + size - 1) / size; }

template <typename Arguments>
[[nodiscard]] cudaError_t launch(void (*kernel)(Arguments), dim3 grid, Arguments with,
                                 cudaStream_t stream) {
  void* arguments[] = {&with};
  return cudaLaunchKernel(reinterpret_cast<void const*>(kernel), grid, dim3(block_threads),
                          arguments, 0, stream);
}

/// The kernel of a form.
template <typename Arguments>
[[nodiscard]] auto chosen(RowForm form, void (*calls)(Arguments), void (*bytes)(Arguments),
                          void (*codes)(Arguments), void (*fine)(Arguments)) {
  switch (form) {
    case RowForm::calls:
      return calls;
    case RowForm::bytes:
      return bytes;
    case RowForm::codes:
      return codes;
    case RowForm::fine:
      break;
  }
  return fine;
}

[[nodiscard]] unsigned planes_of(RowForm form) {
  if (form == RowForm::fine) {
    return FineRows::n_planes;
  }
  return form == RowForm::codes ? CodeRows::n_planes : 1;
}

/// The kernel of a type.
template <typename Arguments>
[[nodiscard]] auto chosen(ArrayType type, void (*int8)(Arguments), void (*float32)(Arguments),
                          void (*float64)(Arguments)) {
  return type == ArrayType::int8 ? int8 : (type == ArrayType::float32 ? float32 : float64);
}

}  // namespace

cudaError_t launch_sum_rows(SumArguments const& with, unsigned most_rows, RowForm form,
                            cudaStream_t stream) {
  dim3 const grid(tiles(most_rows, tile_rows / planes_of(form)),
                  tiles(with.n_columns, tile_columns), tiles(with.n_units, split_units));
  auto const kernel = chosen(form, &sum_rows<CallRows>, &sum_rows<ByteRows>, &sum_rows<CodeRows>,
                             &sum_rows<FineRows>);
  return launch(kernel, grid, with, stream);
}

cudaError_t launch_count_rows(CountArguments const& with, unsigned n_variants, RowForm form,
                              cudaStream_t stream) {
  auto const kernel = chosen(form, &count_rows<CallRows>, &count_rows<ByteRows>,
                             &count_rows<CodeRows>, &count_rows<FineRows>);
  return launch(kernel, dim3(n_variants, with.n_sets), with, stream);
}

cudaError_t launch_list_rows(ListArguments const& with, cudaStream_t stream) {
  return launch(&list_rows, dim3(tiles(with.n_variants, block_threads)), with, stream);
}

cudaError_t launch_test_rows(TestArguments const& with, unsigned n_variants, unsigned n_masks,
                             cudaStream_t stream) {
  return launch(&test_rows, dim3(n_variants, n_masks), with, stream);
}

cudaError_t launch_check_values(CheckArguments const& with, unsigned n_variants, ArrayType type,
                                cudaStream_t stream) {
  auto const kernel =
      chosen(type, &check_values<signed char>, &check_values<float>, &check_values<double>);
  return launch(kernel, dim3(n_variants), with, stream);
}

cudaError_t launch_pack_values(PackArguments const& with, unsigned n_variants, ArrayType type,
                               RowForm form, cudaStream_t stream) {
  // Integers have no fractions.
  auto const kernel =
      form == RowForm::fine
          ? (type == ArrayType::float32 ? &pack_fine<float> : &pack_fine<double>)
          : chosen(type, &pack_values<signed char>, &pack_values<float>, &pack_values<double>);
  return launch(kernel, dim3(n_variants), with, stream);
}

cudaError_t launch_tail_rows(TailArguments const& with, cudaStream_t stream) {
  unsigned long long const n_blocks = (with.n_tests + block_threads - 1) / block_threads;
  return launch(&tail_rows, dim3(static_cast<unsigned>(n_blocks)), with, stream);
}

}  // namespace igwas::cuda
