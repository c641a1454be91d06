// Genotypes that lie on a GPU: the scan of them, and the arrays that change hands, simulated.
#include "../device_array_cases.hpp"
#include "igwas/error.hpp"
#include "launch.hpp"
#include "orders.hpp"
#include "simulation.hpp"

#include <string>
#include <utility>
#include <vector>

extern "C" void* cuda_sim_library_stream(int device);
extern "C" void* cuda_sim_library_array(int device, void const* from, std::size_t n_bytes,
                                        void* stream);
extern "C" void cuda_sim_library_hand_over(void* stream, std::size_t consumer);
extern "C" void cuda_sim_library_free(void* memory);

using namespace igwas;
using cuda_sim::nothing_is_left_and_no_rule_is_broken;
using cuda_sim::Settings;
using cuda_sim::StreamOrder;
using testing::ArrayCase;
using testing::ArrayThere;
using testing::Cohort;

namespace {

/// One source, one library of logarithms: the same bits.
constexpr double same = 0;

constexpr unsigned n_random = 2;

void arrays_are_the_bits_of_the_cpu_in_every_order() {
  for (Settings const& settings : cuda_sim::orders(n_random)) {
    cuda_sim::reset(settings);
    testing::arrays_are_the_bits_of_the_cpu(same);
    nothing_is_left_and_no_rule_is_broken();
  }
}

/// More variants than fit: slots are used again, and the last piece is short.
void arrays_go_in_pieces() {
  ArrayCase const what{171, 66, 3, 2};
  for (Settings settings : cuda_sim::orders(n_random)) {
    cuda_sim::reset(settings);
    // The array, results, columns, and three lanes of slots for the fewest variants.
    settings.memory_bytes = 300'000;
    cuda_sim::reset(settings);
    testing::check_same_array(what, same);
    // A look, five kernels for each of at least three pieces, the tails.
    CHECK(cuda_sim::counts().launches >= std::size_t{2} + 5 * 3);
    nothing_is_left_and_no_rule_is_broken();
  }
}

/// More variants than one thread takes at once.
void threads_share_an_array() {
  Settings settings;
  settings.streams = StreamOrder::random;
  cuda_sim::reset(settings);
  testing::check_same_array({4'100, 65, 1, 1}, same);
  nothing_is_left_and_no_rule_is_broken();
}

void the_array_decides_which_gpu_works() {
  Settings settings;
  settings.n_devices = 3;
  settings.streams = StreamOrder::random;
  cuda_sim::reset(settings);
  ArrayCase what;
  what.gpu = 1;
  cuda::check(cudaSetDevice(2), "select another GPU");
  testing::check_same_array(what, same);
  int selected = 0;
  cuda::check(cudaGetDevice(&selected), "say which GPU is selected");
  CHECK(selected == 2);
  cuda::check(cudaSetDevice(0), "select the first GPU");
  auto const launches = cuda_sim::counts().launches_of;
  CHECK(launches[0] == 0 && launches[1] != 0 && launches[2] == 0);
  nothing_is_left_and_no_rule_is_broken();
}

void tails_are_those_of_the_cpu_in_every_order() {
  for (Settings const& settings : cuda_sim::orders(n_random)) {
    cuda_sim::reset(settings);
    testing::tails_are_those_of_the_cpu(same);
    nothing_is_left_and_no_rule_is_broken();
  }
}

void wrong_values_are_errors_in_every_order() {
  for (Settings const& settings : cuda_sim::orders(n_random)) {
    cuda_sim::reset(settings);
    testing::what_is_no_copy_is_an_error();
    nothing_is_left_and_no_rule_is_broken();
  }
}

/// Runs a small scan; false if it failed with one of our errors.
[[nodiscard]] bool succeeds(ArrayCase const& what) {
  try {
    testing::check_same_array(what, same);
    return true;
  } catch (Error const&) {
    return false;
  }
}

void want_of_memory_at_any_allocation_is_an_error_or_smaller_pieces() {
  ArrayCase const what{40, 66, 3, 1};
  cuda_sim::reset({});
  CHECK(succeeds(what));
  std::size_t const n = cuda_sim::counts().allocations;
  // The array, what a look finds, 5 results, samples, columns, 8 tables, 2 slots of 3 + 12 buffers,
  // 3 small.
  CHECK(n == 54);
  for (std::size_t failing = 1; failing <= n; ++failing) {
    Settings settings;
    settings.failing_allocation = failing;
    cuda_sim::reset(settings);
    // Columns, tables and slots are tried again, with fewer lanes or smaller pieces.
    bool const is_tried_again = failing > 8 && failing <= 51;
    CHECK(succeeds(what) == is_tried_again);
    nothing_is_left_and_no_rule_is_broken();
    settings.keeps_failing = true;
    cuda_sim::reset(settings);
    CHECK(!succeeds(what));
    nothing_is_left_and_no_rule_is_broken();
  }
}

void a_failure_of_any_call_or_launch_is_an_error_and_leaves_nothing() {
  ArrayCase const what{40, 66, 3, 1};
  cuda_sim::reset({});
  CHECK(succeeds(what));
  cuda_sim::Counts const done = cuda_sim::counts();
  for (std::size_t failing = 1; failing < done.calls; ++failing) {
    Settings settings;
    settings.failing_call = failing;
    cuda_sim::reset(settings);
    static_cast<void>(succeeds(what));
    CHECK(cuda_sim::counts().live_buffers == 0);
    CHECK(cuda_sim::counts().live_handles == 0);
  }
  for (std::size_t failing = 1; failing <= done.launches; ++failing) {
    Settings settings;
    settings.failing_launch = failing;
    cuda_sim::reset(settings);
    CHECK(!succeeds(what));
    nothing_is_left_and_no_rule_is_broken();
  }
}

void results_that_do_not_fit_say_how_much_they_need() {
  ArrayCase const what{40, 66, 3, 1};
  Settings settings;
  settings.memory_bytes = 40 * 88 * sizeof(float) + 3'000;
  cuda_sim::reset(settings);
  std::string const words = testing::array_error<DeviceUnavailable>(testing::rows_of(what), what);
  CHECK(words.find("GPU 0 has no room for the results of 40 variants x 3 phenotypes; expected 1 "
                   "MiB free.") == 0);
  nothing_is_left_and_no_rule_is_broken();
}

/// Memory is for one lane, not for those of all threads.
void short_memory_is_for_fewer_lanes() {
  ArrayCase what{171, 66, 3, 2};
  Settings settings;
  settings.memory_bytes = 300'000;
  for (std::size_t const threads : {1U, 2U, 16U}) {
    cuda_sim::reset(settings);
    what.threads = threads;
    testing::check_same_array(what, same);
    nothing_is_left_and_no_rule_is_broken();
  }
}

/// Before anything is allocated for them.
void too_many_people_for_fine_codes_are_refused() {
  cuda_sim::reset({});
  ArrayCase const what{3, 66, 1,   1, cuda::ArrayType::float32, testing::Layout::by_variant,
                       0, 2,  true};
  ArrayThere const there = testing::put_there(testing::rows_of(what), what);
  Cohort cohort = testing::cohort_of(what);
  testing::HostResults found(3, 1, 1);
  cohort.model.file_rows.assign(most_fine_samples + 1, 0);
  std::string words;
  try {
    static_cast<void>(cuda::scan_array(Context{1}, there.genotypes, cohort.model,
                                       testing::array_options(what), found.arrays, {}));
  } catch (DeviceUnavailable const& error) {
    words = error.what();
  }
  CHECK(words.find("there are 1048576 samples and the genotypes are fractions of copies; expected "
                   "at most 1048575 on a GPU.") == 0);
}

void a_wrong_sum_is_an_error() {
  Settings settings;
  settings.corrupts_results = true;
  cuda_sim::reset(settings);
  ArrayCase const what{40, 66, 3, 1};
  CHECK(
      testing::array_error(testing::rows_of(what), what).find("GPU 0 found a genotype at place") ==
      0);
  CHECK(cuda_sim::violations().empty());
}

/// An array that another library made: it counts how often it was given back.
struct Lent {
  cuda::DlManagedTensor tensor{};
  std::vector<std::int64_t> shape{3, 4};
  std::vector<std::int64_t> strides{-4, 1};
  int n_released = 0;

  explicit Lent(void* data) {
    tensor.tensor = {data, {cuda::dl_cuda, 0}, 2, {cuda::dl_float, 64, 1}, shape.data(), nullptr,
                     8};
    tensor.owner = this;
    tensor.release = [](cuda::DlManagedTensor* of) { ++static_cast<Lent*>(of->owner)->n_released; };
  }
};

void what_was_lent_is_given_back_once() {
  double values[16] = {};
  Lent lent(values);
  {
    cuda::ForeignArray const array(cuda::TakenTensor(&lent.tensor), 0, "genotypes");
    CHECK(array.data() == reinterpret_cast<char*>(values + 1));
    CHECK(array.strides() == std::vector<std::int64_t>({4, 1}));
    CHECK(array.span().first == 0 && array.span().n_bytes == 12 * sizeof(double));
    CHECK(lent.n_released == 0);
  }
  CHECK(lent.n_released == 1);
  lent.tensor.tensor.strides = lent.strides.data();
  {
    cuda::ForeignArray const array(cuda::TakenTensor(&lent.tensor), 0, "genotypes");
    CHECK(array.span().first == -8 * static_cast<std::int64_t>(sizeof(double)));
    CHECK(array.span().n_bytes == 12 * sizeof(double));
  }
  CHECK(lent.n_released == 2);
  // Also where it cannot be used.
  testing::check_throws<InputError>(
      [&] { cuda::ForeignArray(cuda::TakenTensor(&lent.tensor), 1, "genotypes"); });
  CHECK(lent.n_released == 3);
  lent.tensor.tensor.type.lanes = 4;
  testing::check_throws<InputError>(
      [&] { cuda::ForeignArray(cuda::TakenTensor(&lent.tensor), 0, "genotypes"); });
  CHECK(lent.n_released == 4);
}

void what_is_handed_out_is_freed_by_the_last() {
  cuda_sim::reset({});
  double const values[] = {1, 2, 3, 4, 5, 6};
  cuda::DlManagedTensor* first = nullptr;
  {
    auto const array = cuda::upload_array(values, {cuda::dl_float, 64, 1}, {2, 3}, 0);
    first = cuda::hand_out(array);
    cuda::DlManagedTensor* const second = cuda::hand_out(array);
    CHECK(first->tensor.data == second->tensor.data);
    second->release(second);
  }
  CHECK(cuda_sim::counts().live_buffers == 1);
  CHECK(first->tensor.n_axes == 2 && first->tensor.shape[1] == 3);
  CHECK(first->tensor.strides[0] == 3 && first->tensor.strides[1] == 1);
  CHECK(first->tensor.device.type == cuda::dl_cuda && first->tensor.device.number == 0);
  first->release(first);
  nothing_is_left_and_no_rule_is_broken();
}

/// What another library still writes when it hands an array over.
void an_array_is_waited_for() {
  for (Settings const& settings : cuda_sim::orders(n_random)) {
    cuda_sim::reset(settings);
    std::vector<double> const values{1, 2, 3, 4};
    void* const library = cuda_sim_library_stream(0);
    void* const there =
        cuda_sim_library_array(0, values.data(), values.size() * sizeof(double), library);
    cuda::Arrival const arrival(0);
    cuda_sim_library_hand_over(library, arrival.stream());
    arrival.wait();
    std::vector<double> found(values.size());
    cuda::check(
        cudaMemcpy(found.data(), there, values.size() * sizeof(double), cudaMemcpyDeviceToHost),
        "copy values");
    CHECK(found == values);
    cuda_sim_library_free(there);
    CHECK(cuda_sim::violations().empty());
  }
}

/// Only what lies in the array's own span is copied, whichever way it goes.
void a_copy_holds_every_element() {
  cuda_sim::reset({});
  std::vector<double> values(14);
  std::iota(values.begin(), values.end(), 0.0);
  auto const there = cuda::upload_array(values.data(), {cuda::dl_float, 64, 1}, {14}, 0);
  for (std::int64_t const first_stride : {4, -4}) {
    Lent lent(there.data<double>() + (first_stride < 0 ? 8 : 0));
    lent.strides[0] = first_stride;
    lent.tensor.tensor.strides = lent.strides.data();
    cuda::ForeignArray const array(cuda::TakenTensor(&lent.tensor), 0, "phenotypes");
    std::vector<double> found(12);
    array.copy_span(found.data());
    CHECK(found == std::vector<double>(values.begin() + 1, values.begin() + 13));
  }
}

void other_types_and_axes_are_refused() {
  double values[16] = {};
  Lent lent(values);
  auto const genotypes = [&] {
    static_cast<void>(
        cuda::genotypes_in(cuda::ForeignArray(cuda::TakenTensor(&lent.tensor), 0, "genotypes")));
  };
  genotypes();
  lent.tensor.tensor.type = {cuda::dl_float, 16, 1};
  testing::check_throws<InputError>(genotypes);
  lent.tensor.tensor.type = {cuda::dl_uint, 8, 1};
  testing::check_throws<InputError>(genotypes);
  lent.tensor.tensor.n_axes = 1;
  testing::check_throws<ShapeError>(genotypes);
}

void no_variants_give_no_results() {
  cuda_sim::reset({});
  ArrayCase what;
  CHECK(testing::array_error({}, what).empty());
  nothing_is_left_and_no_rule_is_broken();
}

}  // namespace

int main() {
  what_was_lent_is_given_back_once();
  what_is_handed_out_is_freed_by_the_last();
  an_array_is_waited_for();
  a_copy_holds_every_element();
  other_types_and_axes_are_refused();
  no_variants_give_no_results();
  tails_are_those_of_the_cpu_in_every_order();
  wrong_values_are_errors_in_every_order();
  arrays_are_the_bits_of_the_cpu_in_every_order();
  arrays_go_in_pieces();
  threads_share_an_array();
  the_array_decides_which_gpu_works();
  want_of_memory_at_any_allocation_is_an_error_or_smaller_pieces();
  a_failure_of_any_call_or_launch_is_an_error_and_leaves_nothing();
  results_that_do_not_fit_say_how_much_they_need();
  short_memory_is_for_fewer_lanes();
  too_many_people_for_fine_codes_are_refused();
  a_wrong_sum_is_an_error();
  return igwas::testing::exit_code();
}
