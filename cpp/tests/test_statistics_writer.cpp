#include "check.hpp"
#include "igwas/crc32c.hpp"
#include "igwas/error.hpp"
#include "igwas/statistics_writer.hpp"
#include "scan_cases.hpp"

#include <sys/resource.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>
#include <thread>

using namespace igwas;
using testing::TemporaryFile;

namespace {

constexpr std::size_t n_variants = 11;
constexpr std::size_t n_masks = 2;
constexpr std::size_t n_phenotypes = 3;
constexpr std::size_t block_rows = 4;
constexpr std::size_t n_blocks = 3;
constexpr std::uint64_t magic = 0x3153544948574749ULL;
constexpr auto untouched = std::byte{0xAB};

/// Arrays behind one another, each preceded by seven bytes that nobody may touch.
struct Layout {
  StatisticsLayout at;
  std::size_t size = 0;
};

[[nodiscard]] Layout layout(bool has_se) {
  Layout result;
  auto& at = result.at;
  at.n_masks = n_masks;
  at.n_phenotypes = n_phenotypes;
  at.has_se = has_se;
  auto const place = [&](std::uint64_t& offset, std::size_t bytes) {
    offset = result.size + 7;
    result.size = offset + bytes;
  };
  std::size_t const per_mask = n_variants * n_masks;
  place(at.n, 4 * per_mask);
  place(at.missing_count, 4 * per_mask);
  place(at.effect_allele_frequency, 8 * per_mask);
  place(at.minor_allele_count, 8 * per_mask);
  place(at.genotype_sum_of_squares, 8 * per_mask);
  place(at.degrees_of_freedom, 4 * per_mask);
  place(at.reason, per_mask);
  place(at.omnibus_f, 8 * per_mask);
  place(at.omnibus_log10p, 8 * per_mask);
  place(at.done, n_blocks);
  place(at.beta, 4 * n_variants * n_phenotypes);
  if (has_se) {
    place(at.se, 4 * n_variants * n_phenotypes);
  }
  return result;
}

[[nodiscard]] StatisticsBlock block_of(std::size_t index, std::size_t n_hits = 0) {
  StatisticsBlock block;
  block.index = index;
  block.first_row = index * block_rows;
  block.reset(std::min(block_rows, n_variants - block.first_row), n_masks, n_phenotypes);
  double next = static_cast<double>(100 * index);
  auto const count_up = [&](auto& values) {
    for (auto& value : values) {
      using Value = std::remove_reference_t<decltype(value)>;
      value = static_cast<Value>(next);
      next += 1;
    }
  };
  count_up(block.n);
  count_up(block.missing_count);
  count_up(block.effect_allele_frequency);
  count_up(block.minor_allele_count);
  count_up(block.genotype_sum_of_squares);
  count_up(block.degrees_of_freedom);
  count_up(block.omnibus_f);
  count_up(block.omnibus_log10p);
  count_up(block.beta);
  count_up(block.se);
  for (auto& reason : block.reason) {
    reason = static_cast<std::uint8_t>(index + 1);
  }
  for (std::size_t h = 0; h < n_hits; ++h) {
    block.hits.push_back({static_cast<std::int64_t>(block.first_row), static_cast<std::int32_t>(h),
                          0, 1.0, 0.1, 20.0});
  }
  return block;
}

template <typename T>
[[nodiscard]] T value_at(std::vector<std::byte> const& bytes, std::uint64_t offset,
                         std::size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + offset + index * sizeof(T), sizeof(T));
  return value;
}

struct Record {
  std::uint64_t block;
  std::uint64_t n_hits;
};

/// Whole records of a journal; stops where its reader would.
[[nodiscard]] std::vector<Record> records_of(std::vector<std::byte> const& bytes) {
  std::vector<Record> records;
  std::size_t at = 0;
  while (at + 32 <= bytes.size()) {
    auto const head = value_at<std::array<std::uint64_t, 4>>(bytes, at, 0);
    std::size_t const length = head[2] * sizeof(Hit);
    if (head[0] != magic || at + 32 + length > bytes.size() ||
        crc32c(std::span(bytes).subspan(at + 32, length)) != head[3]) {
      break;
    }
    records.push_back({head[1], head[2]});
    at += 32 + length;
  }
  return records;
}

void blocks_land_at_their_places_and_nowhere_else() {
  for (bool const has_se : {false, true}) {
    auto const [at, size] = layout(has_se);
    TemporaryFile const file(std::vector<std::byte>(size, untouched));
    TemporaryFile const journal({});
    {
      StatisticsFileSink sink(file.path(), journal.path(), at);
      for (std::size_t const index : {2U, 0U}) {  // in any order
        sink.write(block_of(index, index));
      }
      sink.finish();
    }
    auto const bytes = file.read();
    CHECK(bytes.size() == size);
    auto const last = block_of(2);
    CHECK(value_at<std::int32_t>(bytes, at.n, 8 * n_masks + 1) == last.n[1]);
    CHECK(value_at<double>(bytes, at.omnibus_f, 10 * n_masks + 1) == last.omnibus_f[5]);
    CHECK(value_at<double>(bytes, at.minor_allele_count, 8 * n_masks) ==
          last.minor_allele_count[0]);
    CHECK(value_at<std::uint8_t>(bytes, at.reason, 10 * n_masks) == 3);
    CHECK(value_at<float>(bytes, at.beta, 10 * n_phenotypes + 2) ==
          static_cast<float>(last.beta[8]));
    if (has_se) {
      CHECK(value_at<float>(bytes, at.se, 8 * n_phenotypes) == static_cast<float>(last.se[0]));
    }
    CHECK(value_at<std::uint8_t>(bytes, at.done, 0) == 1);
    CHECK(bytes[at.done + 1] == untouched);  // block 1 was never written
    CHECK(value_at<std::uint8_t>(bytes, at.done, 2) == 1);
    CHECK(bytes[at.beta + 4 * block_rows * n_phenotypes] == untouched);
    for (std::uint64_t const offset :
         {at.n, at.missing_count, at.effect_allele_frequency, at.minor_allele_count,
          at.genotype_sum_of_squares, at.degrees_of_freedom, at.reason, at.omnibus_f,
          at.omnibus_log10p, at.done, at.beta}) {
      CHECK(bytes[offset - 1] == untouched && bytes[offset - 7] == untouched);
    }
    auto const records = records_of(journal.read());
    CHECK(records.size() == 2);
    CHECK(records[0].block == 2 && records[0].n_hits == 2);
    CHECK(records[1].block == 0 && records[1].n_hits == 0);
  }
}

void a_block_is_done_only_after_a_sync() {
  auto const [at, size] = layout(false);
  TemporaryFile const file(std::vector<std::byte>(size, std::byte{0}));
  TemporaryFile const journal({});
  {
    StatisticsFileSink sink(file.path(), journal.path(), at);
    sink.write(block_of(0));
    CHECK(value_at<std::uint8_t>(file.read(), at.done, 0) == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    sink.write(block_of(1));  // more than a second since the last sync
    CHECK(value_at<std::uint8_t>(file.read(), at.done, 0) == 1);
    CHECK(value_at<std::uint8_t>(file.read(), at.done, 1) == 1);
    sink.write(block_of(2));
  }
  // A sink that goes without finish(), as in a crash, has promised nothing for the last block.
  CHECK(value_at<std::uint8_t>(file.read(), at.done, 2) == 0);
}

void threads_write_at_once() {
  auto const [at, size] = layout(true);
  TemporaryFile const file(std::vector<std::byte>(size, std::byte{0}));
  TemporaryFile const journal({});
  {
    StatisticsFileSink sink(file.path(), journal.path(), at);
    std::vector<std::jthread> threads;
    for (std::size_t worker = 0; worker < n_blocks; ++worker) {
      threads.emplace_back([&sink, worker] {
        for (int repeat = 0; repeat < 50; ++repeat) {
          sink.write(block_of(worker, 3));
        }
      });
    }
    threads.clear();
    sink.finish();
  }
  CHECK(records_of(journal.read()).size() == 50 * n_blocks);
  auto const bytes = file.read();
  for (std::size_t block = 0; block < n_blocks; ++block) {
    CHECK(value_at<std::uint8_t>(bytes, at.done, block) == 1);
    CHECK(value_at<float>(bytes, at.beta, block * block_rows * n_phenotypes) ==
          static_cast<float>(block_of(block).beta[0]));
  }
}

/// A limit on the size of files, as a full disk: writes past it fail, or stop half way.
class FullDisk {
 public:
  explicit FullDisk(std::size_t n_bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit const limit{n_bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(FullDisk const&) = delete;
  FullDisk& operator=(FullDisk const&) = delete;

 private:
  rlimit before_{};
};

void a_full_disk_is_a_system_error() {
  auto const [at, size] = layout(false);
  TemporaryFile const file(std::vector<std::byte>(size, std::byte{0}));
  TemporaryFile const journal({});
  StatisticsFileSink sink(file.path(), journal.path(), at);
  FullDisk const full(at.beta);
  try {
    sink.write(block_of(0));
    CHECK(false);
  } catch (SystemError const& error) {
    CHECK(error.code == EFBIG);
    CHECK(std::string(error.what()).find(file.path()) == 0);
  }
  // The device that is always full.
  StatisticsFileSink full_journal(file.path(), "/dev/full", at);
  try {
    full_journal.write(block_of(0));
    CHECK(false);
  } catch (SystemError const& error) {
    CHECK(error.code == EFBIG || error.code == ENOSPC);
  }
}

/// One thread's record was torn by a full disk; another thread, still running, finds room again.
/// What it writes lies behind the tear, where no reader comes: it must not be called done.
void nothing_is_done_after_a_torn_record() {
  auto const [at, size] = layout(false);
  TemporaryFile const file(std::vector<std::byte>(size, std::byte{0}));
  TemporaryFile const journal({});
  StatisticsFileSink sink(file.path(), journal.path(), at);
  sink.write(block_of(2, 5));
  std::size_t const whole = journal.read().size();
  std::size_t const tear = std::max(size, whole) + 20;
  {
    FullDisk const full(tear);
    testing::check_throws<SystemError>([&] { sink.write(block_of(0, 60)); });
  }
  CHECK(journal.read().size() == tear);
  // What was whole before is kept.
  CHECK(value_at<std::uint8_t>(file.read(), at.done, 2) == 1);
  try {
    sink.write(block_of(1, 1));
    sink.finish();
  } catch (SystemError const&) {
    // Refusing is right too.
  }
  bool found = false;
  for (Record const& record : records_of(journal.read())) {
    found = found || record.block == 1;
  }
  CHECK(value_at<std::uint8_t>(file.read(), at.done, 1) == 0 || found);
  CHECK(value_at<std::uint8_t>(file.read(), at.done, 0) == 0);
}

void absent_files_are_a_system_error() {
  TemporaryFile const file({});
  auto const at = layout(false).at;
  for (auto const& [path, journal] :
       {std::pair<std::string, std::string>{"/nowhere/a.h5", file.path()},
        {file.path(), "/nowhere/a.hits"}}) {
    try {
      StatisticsFileSink const sink(path, journal, at);
      CHECK(false);
    } catch (SystemError const& error) {
      CHECK(error.code == ENOENT);
    }
  }
}

void arrays_in_memory_take_the_same_numbers() {
  std::vector<std::int32_t> n(22, -1);
  std::vector<std::int32_t> missing(22, -1);
  std::vector<std::int32_t> dof(22, -1);
  std::vector<std::uint8_t> reason(22, 99);
  std::vector<double> frequency(22);
  std::vector<double> mac(22);
  std::vector<double> s(22);
  std::vector<double> f(22);
  std::vector<double> log10p(22);
  std::vector<double> beta(33, -1);
  std::vector<double> se(33, -1);
  auto const sink = make_array_sink(
      {n_masks, n_phenotypes, n.data(), missing.data(), frequency.data(), mac.data(), s.data(),
       dof.data(), reason.data(), f.data(), log10p.data(), beta.data(), se.data()});
  auto const block = block_of(2);
  sink->write(block);
  sink->finish();
  CHECK(std::ranges::equal(block.n, std::span(n).subspan(16)));
  CHECK(std::ranges::equal(block.missing_count, std::span(missing).subspan(16)));
  CHECK(std::ranges::equal(block.degrees_of_freedom, std::span(dof).subspan(16)));
  CHECK(std::ranges::equal(block.reason, std::span(reason).subspan(16)));
  CHECK(std::ranges::equal(block.effect_allele_frequency, std::span(frequency).subspan(16)));
  CHECK(std::ranges::equal(block.minor_allele_count, std::span(mac).subspan(16)));
  CHECK(std::ranges::equal(block.genotype_sum_of_squares, std::span(s).subspan(16)));
  CHECK(std::ranges::equal(block.omnibus_f, std::span(f).subspan(16)));
  CHECK(std::ranges::equal(block.omnibus_log10p, std::span(log10p).subspan(16)));
  CHECK(std::ranges::equal(block.beta, std::span(beta).subspan(24)));
  CHECK(std::ranges::equal(block.se, std::span(se).subspan(24)));
  CHECK(n[15] == -1 && beta[23] == -1);
}

}  // namespace

int main() {
  blocks_land_at_their_places_and_nowhere_else();
  a_block_is_done_only_after_a_sync();
  threads_write_at_once();
  a_full_disk_is_a_system_error();
  nothing_is_done_after_a_torn_record();
  absent_files_are_a_system_error();
  arrays_in_memory_take_the_same_numbers();
  return testing::exit_code();
}
