// The whole backend, its source unchanged, on threads that are fibers and a runtime on the CPU.
#include "../device_cases.hpp"
#include "../device_test_cases.hpp"
#include "cuda_device.hpp"
#include "cuda_lane.hpp"
#include "digit_columns.hpp"
#include "igwas/error.hpp"
#include "memory_plan.hpp"
#include "orders.hpp"
#include "simulation.hpp"

#include <string>
#include <vector>

using namespace igwas;
using cuda::CudaDevice;
using Kind = GenotypeBatch::Kind;
using cuda_sim::Counts;
using cuda_sim::nothing_is_left_and_no_rule_is_broken;
using cuda_sim::Settings;
using cuda_sim::StreamOrder;
using cuda_sim::ThreadOrder;

namespace {

constexpr ThreadOrder shuffled{ThreadOrder::Kind::shuffled, 7};

constexpr unsigned n_random = 3;

void products_are_the_bits_of_the_cpu_in_every_order_of_threads() {
  for (ThreadOrder const order : {cuda_sim::ascending, cuda_sim::descending, shuffled}) {
    Settings settings;
    settings.threads = order;
    cuda_sim::reset(settings);
    testing::products_are_the_bits_of_the_cpu(CudaDevice({}), testing::edge_sizes());
    nothing_is_left_and_no_rule_is_broken();
  }
}

void tests_are_the_bits_of_the_cpu_in_every_order_of_threads_and_streams() {
  for (Settings const& settings : cuda_sim::orders(n_random)) {
    cuda_sim::reset(settings);
    testing::tests_are_the_bits_of_the_cpu(CudaDevice({}), {{65, 9, 1, 1}, {201, 40, 7, 3}});
    nothing_is_left_and_no_rule_is_broken();
  }
  cuda_sim::reset({});
  testing::tests_are_the_bits_of_the_cpu(CudaDevice({}),
                                         {{390, 5, 150, 1}, {2'500, 5, 3, 2}, {65, 130, 2, 1}});
  nothing_is_left_and_no_rule_is_broken();
}

/// Then the checksum stands in its place, and its sums are not the limb's.
void an_empty_low_limb_stays_empty() {
  for (auto const kind : testing::device_kinds) {
    auto const of = testing::test_case({201, 40, 5, 1, true}, kind, 2);
    auto const checksum = cuda::DigitColumns(of->columns).checksum_column();
    CHECK(checksum == of->columns.low_limb(0) && checksum != 0);
    cuda_sim::reset({});
    testing::check_same_tests(CudaDevice({}), *of);
    nothing_is_left_and_no_rule_is_broken();
  }
}

/// More variants than fit: pieces take turns, and the last is short.
void tests_take_turns_in_pieces() {
  auto const of = testing::test_case({130, 171, 5, 2}, Kind::calls, 1);
  for (Settings settings : cuda_sim::orders(n_random)) {
    // Columns, tables, and two lanes of slots for the fewest variants.
    settings.memory_bytes = 400'000;
    cuda_sim::reset(settings);
    testing::check_same_tests(CudaDevice({}), *of);
    // Two lanes, two rounds, four kernels a piece: more than two pieces, so that slots are reused.
    CHECK(cuda_sim::counts().launches > std::size_t{2} * 2 * 4 * 2);
    nothing_is_left_and_no_rule_is_broken();
  }
}

void sums_over_several_splits_of_the_samples_are_added() {
  cuda_sim::reset({});
  testing::products_are_the_bits_of_the_cpu(CudaDevice({}), {{16'385, 8, 3}});
  testing::largest_sums_do_not_overflow(CudaDevice({}), 33'000);
  nothing_is_left_and_no_rule_is_broken();
}

/// 77 variants go in three pieces where memory is short: each slot is used again.
[[nodiscard]] std::size_t memory_for_small_pieces(testing::ProductCase const& of) {
  cuda_sim::reset({});
  FixedColumns const columns = testing::columns_of(of, 1);
  std::size_t const least = cuda::least_piece_rows;
  cuda::MemoryNeeds const needs{
      cuda::DigitColumns(columns).tiles() * cuda::DigitColumns(columns).tile_bytes(),
      cuda::bytes_of_row(of.batch.kind(), columns.rows()), cuda::DigitColumns(columns).columns(),
      2};
  return (needs.digit_bytes + 2 * cuda::lane_slots * cuda::slot_bytes(needs, least)) * 10 / 9 + 64;
}

void pieces_take_turns_in_every_order_of_streams() {
  for (Kind const kind : {Kind::calls, Kind::codes, Kind::fine}) {
    testing::ProductCase const of = testing::product_case(130, 8, 171, kind);
    std::size_t const memory = memory_for_small_pieces(of);
    for (Settings settings : cuda_sim::orders(n_random)) {
      settings.memory_bytes = memory;
      cuda_sim::reset(settings);
      testing::check_same_products(CudaDevice({}), of, 1);
      // Two lanes, two products each, 171 variants by 32.
      CHECK(cuda_sim::counts().launches == 2 * 2 * 6);
      nothing_is_left_and_no_rule_is_broken();
    }
  }
}

void scans_are_the_bits_of_the_cpu_in_every_order_of_streams() {
  for (Settings const& settings : cuda_sim::orders(n_random)) {
    cuda_sim::reset(settings);
    testing::scans_are_the_bits_of_the_cpu(CudaDevice({}));
    nothing_is_left_and_no_rule_is_broken();
  }
}

void several_gpus_share_the_work() {
  Settings settings;
  settings.n_devices = 3;
  settings.streams = StreamOrder::random;
  cuda_sim::reset(settings);
  testing::check_same_products(CudaDevice({}), testing::product_case(100, 8, 9, Kind::calls), 1,
                               true, 4);
  CHECK(cuda_sim::counts().launches_of == std::vector<std::size_t>({4, 2, 2}));
  cuda_sim::reset(settings);
  testing::scans_are_the_bits_of_the_cpu(CudaDevice({2, 1}));
  CHECK(cuda_sim::counts().launches_of[0] == 0);
  CHECK(cuda_sim::counts().launches_of[1] != 0 && cuda_sim::counts().launches_of[2] != 0);
  nothing_is_left_and_no_rule_is_broken();
}

/// Runs a small product; false if it failed with one of our errors.
[[nodiscard]] bool succeeds(testing::ProductCase const& of) {
  try {
    testing::check_same_products(CudaDevice({}), of, 1, true, 1);
    return true;
  } catch (Error const&) {
    return false;
  }
}

void want_of_memory_at_any_allocation_halves_pieces_or_is_an_error(Kind kind) {
  testing::ProductCase const of = testing::product_case(100, 8, 70, kind);
  cuda_sim::reset({});
  CHECK(succeeds(of));
  std::size_t const n = cuda_sim::counts().allocations;
  CHECK(n == 13);  // columns, and 2 slots of 6 buffers
  for (std::size_t failing = 1; failing <= n; ++failing) {
    Settings settings;
    settings.failing_allocation = failing;
    cuda_sim::reset(settings);
    // Without its columns a scan cannot be; a lane goes on with less.
    CHECK(succeeds(of) == (failing != 1));
    nothing_is_left_and_no_rule_is_broken();
    settings.keeps_failing = true;
    cuda_sim::reset(settings);
    CHECK(!succeeds(of));
    nothing_is_left_and_no_rule_is_broken();
  }
}

void a_failure_of_any_call_is_an_error_and_leaves_nothing() {
  testing::ProductCase const of = testing::product_case(100, 8, 70, Kind::calls);
  cuda_sim::reset({});
  CHECK(succeeds(of));
  std::size_t const n = cuda_sim::counts().calls;
  // The last two end the streams, when there is nothing left to lose.
  for (std::size_t failing = 1; failing + 2 <= n; ++failing) {
    Settings settings;
    settings.failing_call = failing;
    cuda_sim::reset(settings);
    CHECK(!succeeds(of));
    CHECK(cuda_sim::counts().live_buffers == 0);
    CHECK(cuda_sim::counts().live_handles == 0);
  }
}

/// Runs a few tests; false if that failed with one of our errors.
[[nodiscard]] bool succeeds(testing::TestCase const& of) {
  try {
    testing::check_same_tests(CudaDevice({}), of, 1);
    return true;
  } catch (Error const&) {
    return false;
  }
}

void want_of_memory_for_tests_halves_pieces_or_is_an_error() {
  auto const of = testing::test_case({100, 70, 3, 1}, Kind::calls, 1);
  cuda_sim::reset({});
  CHECK(succeeds(*of));
  std::size_t const n = cuda_sim::counts().allocations;
  CHECK(n == 49);  // columns, 8 tables, and 2 slots of 6 + 14 buffers
  for (std::size_t failing = 1; failing <= n; ++failing) {
    Settings settings;
    settings.failing_allocation = failing;
    cuda_sim::reset(settings);
    CHECK(succeeds(*of) == (failing > 9));
    nothing_is_left_and_no_rule_is_broken();
    settings.keeps_failing = true;
    cuda_sim::reset(settings);
    CHECK(!succeeds(*of));
    nothing_is_left_and_no_rule_is_broken();
  }
}

void a_failure_of_any_call_of_a_test_is_an_error_and_leaves_nothing() {
  auto const of = testing::test_case({100, 70, 3, 1}, Kind::calls, 1);
  cuda_sim::reset({});
  CHECK(succeeds(*of));
  Counts const done = cuda_sim::counts();
  for (std::size_t failing = 1; failing + 2 <= done.calls; ++failing) {
    Settings settings;
    settings.failing_call = failing;
    cuda_sim::reset(settings);
    CHECK(!succeeds(*of));
    CHECK(cuda_sim::counts().live_buffers == 0);
    CHECK(cuda_sim::counts().live_handles == 0);
  }
  for (std::size_t failing = 1; failing <= done.launches; ++failing) {
    Settings settings;
    settings.failing_launch = failing;
    cuda_sim::reset(settings);
    CHECK(!succeeds(*of));
    nothing_is_left_and_no_rule_is_broken();
  }
}

/// Words of the error of a few tests, or nothing.
[[nodiscard]] std::string error_of(testing::TestCase const& of) {
  try {
    testing::check_same_tests(CudaDevice({}), of, 1);
  } catch (Error const& error) {
    return error.what();
  }
  return {};
}

void genotypes_that_did_not_arrive_are_an_error() {
  auto const of = testing::test_case({100, 20, 3, 1}, Kind::calls, 1);
  Settings settings;
  settings.corrupted_upload = of->batch.size() * 48;  // as many bytes as its packed calls
  cuda_sim::reset(settings);
  CHECK(error_of(*of).find("GPU 0 read the genotypes of a variant as ") == 0);
}

/// The checks are copied back third; a bit of the first of them is the sum of the first row.
void a_wrong_sum_of_a_tested_row_is_an_error() {
  auto const of = testing::test_case({100, 20, 3, 1}, Kind::calls, 1);
  Settings settings;
  settings.corrupts_results = true;
  cuda_sim::reset(settings);
  CHECK(error_of(*of).find("GPU 0 summed the genotypes of a variant to ") == 0);
}

/// Words of the error of a small product, or nothing.
[[nodiscard]] std::string error_of(testing::ProductCase const& of) {
  try {
    testing::check_same_products(CudaDevice({}), of, 1, true, 1);
  } catch (Error const& error) {
    return error.what();
  }
  return {};
}

void a_launch_that_is_refused_is_noticed_at_once() {
  Settings settings;
  settings.failing_launch = 2;
  cuda_sim::reset(settings);
  std::string const words = error_of(testing::product_case(100, 8, 5, Kind::calls));
  CHECK(words.find("the GPU failed to start the sums (") == 0);
  nothing_is_left_and_no_rule_is_broken();
}

/// What the runtime says where there is no GPU, and what becomes of it.
void a_machine_without_a_gpu_says_why() {
  struct Machine {
    int n_devices;
    int driver_version;
    char const* reason;
  };
  for (Machine const& machine :
       {Machine{0, 0, "there is no NVIDIA driver"}, Machine{0, 13000, "there is no GPU"},
        Machine{1, 12000, "the NVIDIA driver is older than this build's CUDA 13.0"}}) {
    Settings settings;
    settings.n_devices = machine.n_devices;
    settings.driver_version = machine.driver_version;
    cuda_sim::reset(settings);
    CHECK(!cuda::cuda_status().is_usable);
    CHECK(cuda::cuda_status().reason == machine.reason);
    CHECK(cuda::list_gpus().empty());
    testing::check_throws<DeviceUnavailable>([] { CudaDevice({}); });
  }
  cuda_sim::reset({});
  CHECK(cuda::cuda_status().is_usable);
  CHECK(cuda::list_gpus().size() == 1);
}

void a_gpu_that_is_not_there_or_too_old_is_refused() {
  cuda_sim::reset({});
  testing::check_throws<DeviceUnavailable>([] { CudaDevice({1}); });
  testing::check_throws<DeviceUnavailable>([] { CudaDevice({-1}); });
  Settings settings;
  settings.major = 7;
  cuda_sim::reset(settings);
  testing::check_throws<DeviceUnavailable>([] { CudaDevice({}); });
}

/// The column whose sums are known without the GPU: the first that the model leaves empty.
void a_wrong_sum_of_the_checksum_is_an_error() {
  testing::ProductCase of = testing::product_case(100, 8, 5, Kind::calls);
  for (std::size_t i = 0; i < of.n_samples; ++i) {
    of.columns[i * of.n_columns] = 0;  // then it stands first, and there copies are corrupted
  }
  Settings settings;
  settings.corrupts_results = true;
  cuda_sim::reset(settings);
  std::string const words = error_of(of);
  CHECK(words.find("GPU 0 summed the genotypes of a variant to ") == 0);
}

/// Refused before the scan looks at its model.
void fractions_in_memory_are_refused() {
  cuda_sim::reset({});
  CudaDevice const device({});
  std::vector<double> const dosage{0.5, 1, 2};
  auto const source = make_array_source(MatrixView<double const>{dosage.data(), 1, 3, 3});
  testing::Cohort const cohort = testing::random_cohort(3, 1, 1);
  testing::BitCollector sink;
  ScanOptions options;
  options.n_phenotypes = 1;
  testing::check_throws<DeviceUnavailable>(
      [&] { scan(Context{1}, *source, cohort.model, {{}, {}}, {}, options, sink, {}, &device); });
}

}  // namespace

int main() {
  products_are_the_bits_of_the_cpu_in_every_order_of_threads();
  tests_are_the_bits_of_the_cpu_in_every_order_of_threads_and_streams();
  an_empty_low_limb_stays_empty();
  tests_take_turns_in_pieces();
  sums_over_several_splits_of_the_samples_are_added();
  pieces_take_turns_in_every_order_of_streams();
  scans_are_the_bits_of_the_cpu_in_every_order_of_streams();
  several_gpus_share_the_work();
  want_of_memory_at_any_allocation_halves_pieces_or_is_an_error(Kind::calls);
  want_of_memory_at_any_allocation_halves_pieces_or_is_an_error(Kind::codes);
  a_failure_of_any_call_is_an_error_and_leaves_nothing();
  want_of_memory_for_tests_halves_pieces_or_is_an_error();
  a_failure_of_any_call_of_a_test_is_an_error_and_leaves_nothing();
  genotypes_that_did_not_arrive_are_an_error();
  a_wrong_sum_of_a_tested_row_is_an_error();
  a_launch_that_is_refused_is_noticed_at_once();
  a_machine_without_a_gpu_says_why();
  a_gpu_that_is_not_there_or_too_old_is_refused();
  a_wrong_sum_of_the_checksum_is_an_error();
  fractions_in_memory_are_refused();
  return igwas::testing::exit_code();
}
