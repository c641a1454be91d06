#include "check.hpp"
#include "igwas/error.hpp"
#include "igwas/zstd.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <thread>
#include <vector>

using namespace igwas;

namespace {

using Bytes = std::vector<std::byte>;

[[nodiscard]] Bytes sample_bytes(std::size_t size) {
  Bytes data(size);
  unsigned state = 1;
  for (std::byte& value : data) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<std::byte>((state >> 28) & 3U);
  }
  return data;
}

void refuses_before_loading() {
  CHECK(!zstd_is_loaded());
  testing::check_throws<DeviceUnavailable>([] { static_cast<void>(zstd_compress({}, 1)); });
  testing::check_throws<DeviceUnavailable>([] { zstd_decompress({}, {}); });
  testing::check_throws<DeviceUnavailable>([] { load_zstd("/nowhere/libzstd.so"); });
  // A library that opens but is another one.
  testing::check_throws<DeviceUnavailable>([] { load_zstd("libm.so.6"); });
  CHECK(!zstd_is_loaded());
}

void round_trip() {
  for (std::size_t const size : std::initializer_list<std::size_t>{0, 1, 7, 1000, 300000}) {
    Bytes const data = sample_bytes(size);
    for (int const level : {-1, 1, 3, 19}) {
      Bytes out(size);
      zstd_decompress(zstd_compress(data, level), out);
      CHECK(out == data);
    }
  }
}

void damage_is_found() {
  Bytes const data = sample_bytes(5000);
  Bytes const frame = zstd_compress(data, 3);
  Bytes out(5000);
  for (std::size_t cut = 0; cut < frame.size(); cut += 7) {
    testing::check_throws<CorruptFile>([&] { zstd_decompress(std::span(frame).first(cut), out); });
  }
  Bytes broken = frame;
  broken.front() ^= std::byte{0xFF};
  testing::check_throws<CorruptFile>([&] { zstd_decompress(broken, out); });
  Bytes longer = frame;
  longer.push_back(std::byte{1});
  testing::check_throws<CorruptFile>([&] { zstd_decompress(longer, out); });
  testing::check_throws<CorruptFile>([&] { zstd_decompress(frame, std::span(out).first(4999)); });
  Bytes wide(5001);
  testing::check_throws<CorruptFile>([&] { zstd_decompress(frame, wide); });
}

void threads_agree() {
  Bytes const data = sample_bytes(100000);
  Bytes const frame = zstd_compress(data, 3);
  std::vector<Bytes> results(7, Bytes(data.size()));
  std::vector<std::jthread> threads;
  for (Bytes& result : results) {
    threads.emplace_back([&frame, &result] { zstd_decompress(frame, result); });
  }
  threads.clear();
  CHECK(std::ranges::all_of(results, [&](Bytes const& result) { return result == data; }));
}

}  // namespace

int main() {
  refuses_before_loading();
  char const* const named = std::getenv("IGWAS_ZSTD_LIBRARY");
  try {
    load_zstd(named == nullptr ? "libzstd.so.1" : named);
  } catch (DeviceUnavailable const& error) {
    // Without the library only the refusals can be tested; the Python tests always have one.
    std::cerr << "skipped the rest: " << error.what() << '\n';
    return named == nullptr ? testing::exit_code() : 1;
  }
  load_zstd("/nowhere/libzstd.so");  // already bound: does nothing
  round_trip();
  damage_is_found();
  threads_agree();
  return testing::exit_code();
}
