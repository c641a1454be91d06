// The project's kernels, compiled for the CPU, their source unchanged.
#include "../../cuda/launch.cu"  // NOLINT(bugprone-suspicious-include)

#include "kernel_registry.hpp"

#include <utility>

namespace {

using namespace igwas::cuda;

[[nodiscard]] std::vector<void const*> addresses(SumArguments const& of) {
  std::vector<void const*> all = {of.genotypes, of.rows, of.digits, of.sums};
  if (of.n_more_rows != nullptr) {
    all.push_back(of.n_more_rows);
  }
  return all;
}
[[nodiscard]] std::vector<void const*> addresses(CountArguments const& of) {
  return {of.genotypes, of.sets, of.sums, of.word_sums};
}
[[nodiscard]] std::vector<void const*> addresses(ListArguments const& of) {
  return {of.sums, of.rows, of.n_missing, of.missing_row};
}
[[nodiscard]] std::vector<void const*> addresses(TestArguments const& of) {
  return {of.counts,        of.rows,           of.missing_row, of.word_sums, of.sums,
          of.products,      of.masks,          of.unit,        of.low_limb,  of.response_squares,
          of.output_column, of.omnibus_column, of.factor,      of.beta,      of.se,
          of.fits,          of.checks};
}

[[nodiscard]] std::vector<void const*> addresses(CheckArguments const& of) {
  return {of.rows.values, of.first_wrong, of.has_fraction};
}
[[nodiscard]] std::vector<void const*> addresses(PackArguments const& of) {
  return {of.rows.values, of.samples, of.words};
}
[[nodiscard]] std::vector<void const*> addresses(TailArguments const& of) {
  return {of.reason, of.degrees_of_freedom, of.mask_of, of.beta, of.se, of.t,
          of.log10p, of.test_freedom};
}

template <typename Arguments>
[[nodiscard]] bool add(void (*kernel)(Arguments), std::vector<std::string> name_parts) {
  auto const of = [](void const* argument) { return *static_cast<Arguments const*>(argument); };
  cuda_sim::add_kernel(reinterpret_cast<void const*>(kernel),
                       {std::move(name_parts), sizeof(Arguments),
                        [of, kernel](void const* argument) { kernel(of(argument)); },
                        [of](void const* argument) { return addresses(of(argument)); }});
  return true;
}

bool const are_added[] = {
    add(&sum_rows<CallRows>, {"sum_rows", "CallRows"}),
    add(&sum_rows<ByteRows>, {"sum_rows", "ByteRows"}),
    add(&sum_rows<CodeRows>, {"sum_rows", "CodeRows"}),
    add(&sum_rows<FineRows>, {"sum_rows", "FineRows"}),
    add(&count_rows<CallRows>, {"count_rows", "CallRows"}),
    add(&count_rows<ByteRows>, {"count_rows", "ByteRows"}),
    add(&count_rows<CodeRows>, {"count_rows", "CodeRows"}),
    add(&count_rows<FineRows>, {"count_rows", "FineRows"}),
    add(&list_rows, {"list_rows"}),
    add(&test_rows, {"test_rows"}),
    // Of a template's argument the mangled name has one letter.
    add(&check_values<signed char>, {"check_valuesIa"}),
    add(&check_values<float>, {"check_valuesIf"}),
    add(&check_values<double>, {"check_valuesId"}),
    add(&pack_values<signed char>, {"pack_valuesIa"}),
    add(&pack_values<float>, {"pack_valuesIf"}),
    add(&pack_values<double>, {"pack_valuesId"}),
    add(&pack_fine<float>, {"pack_fineIf"}),
    add(&pack_fine<double>, {"pack_fineId"}),
    add(&tail_rows, {"tail_rows"}),
};

}  // namespace
