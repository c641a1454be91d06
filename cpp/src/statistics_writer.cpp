#include "igwas/statistics_writer.hpp"

#include "igwas/crc32c.hpp"
#include "igwas/error.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

namespace igwas {

namespace {

constexpr std::uint64_t journal_magic = 0x3153544948574749ULL;  // "IGWHITS1"
constexpr std::size_t most_unsynced_blocks = 64;
constexpr auto longest_unsynced = std::chrono::seconds(1);

[[noreturn]] void fail(std::string const& path, int code) {
  throw SystemError(path + ": " + std::strerror(code), code);
}

[[nodiscard]] int open_for_writing(std::string const& path, int flags) {
  int const file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) {
    fail(path, errno);
  }
  return file;
}

template <typename Write>
void write_all(std::span<std::byte const> bytes, std::string const& path, Write const& write_some) {
  std::size_t n_written = 0;
  while (n_written < bytes.size()) {
    auto const n = write_some(bytes.subspan(n_written), n_written);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      fail(path, n < 0 ? errno : EIO);
    }
    n_written += static_cast<std::size_t>(n);
  }
}

void write_at(int file, std::span<std::byte const> bytes, std::uint64_t offset,
              std::string const& path) {
  write_all(bytes, path, [&](std::span<std::byte const> rest, std::size_t done) {
    return ::pwrite(file, rest.data(), rest.size(), static_cast<off_t>(offset + done));
  });
}

void append(int file, std::span<std::byte const> bytes, std::string const& path) {
  write_all(bytes, path, [&](std::span<std::byte const> rest, std::size_t) {
    return ::write(file, rest.data(), rest.size());
  });
}

[[nodiscard]] std::vector<float> to_float(std::vector<double> const& values) {
  std::vector<float> result(values.size());
  std::ranges::transform(values, result.begin(), [](double v) { return static_cast<float>(v); });
  return result;
}

class ArraySink final : public StatisticsSink {
 public:
  explicit ArraySink(StatisticsArrays const& arrays) : arrays_(arrays) {}

  void write(StatisticsBlock const& block) override {
    std::size_t const masks = block.first_row * arrays_.n_masks;
    std::size_t const pairs = block.first_row * arrays_.n_phenotypes;
    std::ranges::copy(block.n, arrays_.n + masks);
    std::ranges::copy(block.missing_count, arrays_.missing_count + masks);
    std::ranges::copy(block.effect_allele_frequency, arrays_.effect_allele_frequency + masks);
    std::ranges::copy(block.minor_allele_count, arrays_.minor_allele_count + masks);
    std::ranges::copy(block.genotype_sum_of_squares, arrays_.genotype_sum_of_squares + masks);
    std::ranges::copy(block.degrees_of_freedom, arrays_.degrees_of_freedom + masks);
    std::ranges::copy(block.reason, arrays_.reason + masks);
    std::ranges::copy(block.omnibus_f, arrays_.omnibus_f + masks);
    std::ranges::copy(block.omnibus_log10p, arrays_.omnibus_log10p + masks);
    std::ranges::copy(block.beta, arrays_.beta + pairs);
    std::ranges::copy(block.se, arrays_.se + pairs);
  }

  void finish() override {}

 private:
  StatisticsArrays arrays_;
};

}  // namespace

StatisticsFileSink::StatisticsFileSink(std::string const& path, std::string const& journal_path,
                                       StatisticsLayout const& layout)
    : path_(path),
      journal_path_(journal_path),
      layout_(layout),
      last_sync_(std::chrono::steady_clock::now()) {
  file_ = open_for_writing(path, O_RDWR);
  try {
    journal_ = open_for_writing(journal_path, O_WRONLY | O_APPEND);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

StatisticsFileSink::~StatisticsFileSink() {
  ::close(journal_);
  ::close(file_);
}

void StatisticsFileSink::write_arrays(StatisticsBlock const& block) const {
  auto const put = [&](auto const& values, std::uint64_t start, std::size_t row_length) {
    auto const bytes = std::as_bytes(std::span(values));
    std::size_t const row_bytes = row_length * sizeof(values[0]);
    write_at(file_, bytes, start + block.first_row * row_bytes, path_);
  };
  put(block.n, layout_.n, layout_.n_masks);
  put(block.missing_count, layout_.missing_count, layout_.n_masks);
  put(block.effect_allele_frequency, layout_.effect_allele_frequency, layout_.n_masks);
  put(block.minor_allele_count, layout_.minor_allele_count, layout_.n_masks);
  put(block.genotype_sum_of_squares, layout_.genotype_sum_of_squares, layout_.n_masks);
  put(block.degrees_of_freedom, layout_.degrees_of_freedom, layout_.n_masks);
  put(block.reason, layout_.reason, layout_.n_masks);
  put(block.omnibus_f, layout_.omnibus_f, layout_.n_masks);
  put(block.omnibus_log10p, layout_.omnibus_log10p, layout_.n_masks);
  put(to_float(block.beta), layout_.beta, layout_.n_phenotypes);
  if (layout_.has_se) {
    put(to_float(block.se), layout_.se, layout_.n_phenotypes);
  }
}

void StatisticsFileSink::append_hits(StatisticsBlock const& block) {
  auto const payload = std::as_bytes(std::span(block.hits));
  std::array<std::uint64_t, 4> const header{journal_magic, block.index, block.hits.size(),
                                            crc32c(payload)};
  auto const head = std::as_bytes(std::span(header));
  std::vector<std::byte> record(head.begin(), head.end());
  record.insert(record.end(), payload.begin(), payload.end());
  append(journal_, record, journal_path_);
}

void StatisticsFileSink::refuse_after_failure() const {
  // With the first failure's own code: whichever thread is heard, the user reads the real reason.
  if (int const code = failure_; code != 0) {
    fail(path_, code);
  }
}

void StatisticsFileSink::sync(std::vector<std::size_t> const& blocks) {
  std::lock_guard const lock(sync_mutex_);
  refuse_after_failure();
  for (auto const& [file, path] : {std::pair{file_, &path_}, std::pair{journal_, &journal_path_}}) {
    if (::fdatasync(file) != 0) {
      failure_ = errno;
      fail(*path, failure_);
    }
  }
  constexpr std::byte done{1};
  for (std::size_t const block : blocks) {
    write_at(file_, {&done, 1}, layout_.done + block, path_);
  }
}

void StatisticsFileSink::keep_written() noexcept {
  try {
    sync(written_);
    written_.clear();
  } catch (std::exception const&) {
    // Then they are done again: what is told is the failure that came first.
  }
}

std::vector<std::size_t> StatisticsFileSink::record(StatisticsBlock const& block) {
  std::lock_guard const lock(mutex_);
  refuse_after_failure();
  try {
    append_hits(block);
  } catch (SystemError const& error) {
    keep_written();
    failure_ = error.code;
    throw;
  }
  written_.push_back(block.index);
  std::vector<std::size_t> to_sync;
  auto const now = std::chrono::steady_clock::now();
  if (written_.size() >= most_unsynced_blocks || now - last_sync_ > longest_unsynced) {
    to_sync.swap(written_);
    last_sync_ = now;
  }
  return to_sync;
}

void StatisticsFileSink::write(StatisticsBlock const& block) {
  write_arrays(block);
  auto const to_sync = record(block);
  if (!to_sync.empty()) {
    sync(to_sync);
  }
}

void StatisticsFileSink::finish() {
  std::lock_guard const lock(mutex_);
  sync(written_);
  written_.clear();
  if (::fdatasync(file_) != 0) {
    fail(path_, errno);
  }
}

std::unique_ptr<StatisticsSink> make_array_sink(StatisticsArrays const& arrays) {
  return std::make_unique<ArraySink>(arrays);
}

}  // namespace igwas
