// The project's kernels, compiled for the CPU, their source unchanged.
#include "../../cuda/launch.cu"  // NOLINT(bugprone-suspicious-include)

#include "kernel_registry.hpp"

#include <utility>

namespace {

template <auto kernel>
[[nodiscard]] bool add(std::vector<std::string> name_parts) {
  using igwas::cuda::SumArguments;
  auto const of = [](void const* argument) { return *static_cast<SumArguments const*>(argument); };
  cuda_sim::add_kernel(reinterpret_cast<void const*>(kernel),
                       {std::move(name_parts), sizeof(SumArguments),
                        [of](void const* argument) { kernel(of(argument)); },
                        [of](void const* argument) -> std::vector<void const*> {
                          SumArguments const with = of(argument);
                          return {with.genotypes, with.rows, with.digits, with.sums};
                        }});
  return true;
}

bool const are_added[] = {
    add<&igwas::cuda::sum_rows<igwas::cuda::CallRows>>({"sum_rows", "CallRows"}),
    add<&igwas::cuda::sum_rows<igwas::cuda::ByteRows>>({"sum_rows", "ByteRows"})};

}  // namespace
