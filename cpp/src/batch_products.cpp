#include "igwas/batch_products.hpp"

#include "igwas/error.hpp"
#include "igwas/exact_products.hpp"
#include "igwas/fixed_products.hpp"
#include "igwas/thread_pool.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

namespace igwas {

namespace {

void check(GenotypeSource const& source, std::span<std::int64_t const> rows) {
  if (!is_summed_exactly(source.kind()) || rows.empty()) {
    throw ShapeError("the product needs rows of hard calls or of dosages stored as integers.");
  }
  for (std::int64_t const row : rows) {
    if (row < 0 || static_cast<std::size_t>(row) >= source.n_variants()) {
      throw ShapeError("variant row " + std::to_string(row) + " is outside the genotypes.");
    }
  }
}

struct Part {
  std::span<std::int64_t const> rows;
  GenotypeBatch batch;
  BatchProducts products;
};

/// One batch a thread, or more where those would be larger than the scan's.
[[nodiscard]] std::vector<Part> split(std::span<std::int64_t const> rows, std::size_t threads) {
  std::size_t const n_threads = std::max<std::size_t>(1, threads);
  std::size_t const size = std::min(most_fixed_rows, (rows.size() + n_threads - 1) / n_threads);
  std::vector<Part> parts;
  for (std::size_t first = 0; first < rows.size(); first += size) {
    parts.push_back({rows.subspan(first, std::min(size, rows.size() - first)), {}, {}});
  }
  return parts;
}

void read(Part& part, GenotypeSource const& source, ScanModel const& model,
          SampleSets const& sets) {
  GenotypeSource::Scratch scratch;
  source.read(part.rows, model.file_rows, part.batch, scratch);
  for (std::size_t v = 0; v < part.batch.size(); ++v) {
    part.batch.prepare(v, Haploid::nobody, sets);
  }
}

void append(std::vector<double> const& from, std::vector<double>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

/// What one thread makes products with.
struct Multiplier {
  ExactScratch scratch;
  std::unique_ptr<DeviceLane> lane;

  void operator()(FixedColumns const& columns, Part& part) {
    if (lane) {
      lane->multiply(part.batch, part.products, true);
    } else {
      multiply_exactly(part.batch, columns, part.products, scratch);
    }
  }
};

}  // namespace

TimedProducts multiply_rows(Context const& context, GenotypeSource const& source,
                            ScanModel const& model, std::span<std::int64_t const> rows,
                            Precision precision, std::size_t repeats, Device const* device) {
  check(source, rows);
  SampleSets const sets(model);
  FixedColumns const columns = fixed_columns(context, model, precision);
  std::vector<Part> parts = split(rows, context.threads);
  run_tasks(context, parts.size(),
            [&](std::size_t task, std::size_t) { read(parts[task], source, model, sets); }, {});
  std::vector<Multiplier> multipliers(std::max<std::size_t>(1, context.threads));
  std::unique_ptr<DeviceColumns> resident;
  if (device != nullptr) {
    resident = device->load(context, columns, source.kind(), multipliers.size(), nullptr);
    for (std::size_t worker = 0; worker < multipliers.size(); ++worker) {
      multipliers[worker].lane = resident->open_lane(worker);
    }
  }
  TimedProducts found;
  for (std::size_t repeat = 0; repeat < repeats; ++repeat) {
    auto const start = std::chrono::steady_clock::now();
    run_tasks(
        context, parts.size(),
        [&](std::size_t task, std::size_t worker) { multipliers[worker](columns, parts[task]); },
        {});
    found.seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  found.products.n_columns = model.columns.columns;
  for (Part const& part : parts) {
    append(part.products.called, found.products.called);
    append(part.products.missing, found.products.missing);
  }
  return found;
}

}  // namespace igwas
