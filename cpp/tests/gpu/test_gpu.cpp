// The device's cases on the GPUs of this machine; skipped, with the reason, where there is none.
#include "../device_array_cases.hpp"
#include "../device_cases.hpp"
#include "../device_test_cases.hpp"
#include "cuda_device.hpp"

#include <iostream>

using namespace igwas;

namespace {

/// ctest counts a program that ends with it as skipped.
constexpr int skipped = 77;

/// Of -log10 p, relative: a GPU's logarithms are not the CPU's to the last bit.
constexpr double tail_tolerance = 1e-12;

}  // namespace

int main() {
  cuda::CudaStatus const status = cuda::cuda_status();
  if (!status.is_usable) {
    std::cout << "not tested on a GPU: " << status.reason << '\n';
    return skipped;
  }
  cuda::CudaDevice const device({});
  testing::products_are_the_bits_of_the_cpu(device, testing::edge_sizes());
  testing::products_are_the_bits_of_the_cpu(device, {{65'629, 160, 5'000}, {20'000, 32, 2'049}});
  testing::largest_sums_do_not_overflow(device, 100'000);
  testing::tests_are_the_bits_of_the_cpu(
      device, {{65, 9, 1, 1}, {201, 40, 7, 3}, {390, 5, 150, 1}, {201, 40, 5, 1, true}});
  testing::tests_are_the_bits_of_the_cpu(device, {{65'629, 500, 128, 1}, {9'000, 300, 40, 5}});
  testing::scans_are_the_bits_of_the_cpu(device);
  testing::arrays_are_the_bits_of_the_cpu(tail_tolerance);
  testing::check_same_array({20'000, 9'000, 40, 3}, tail_tolerance);
  testing::what_is_no_copy_is_an_error();
  testing::tails_are_those_of_the_cpu(tail_tolerance);
  return testing::exit_code();
}
