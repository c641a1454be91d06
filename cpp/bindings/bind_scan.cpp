// The scan for Python: sources, models, sinks, and the run. No arithmetic here.
#include "bindings.hpp"
#include "igwas/error.hpp"
#include "igwas/scan.hpp"
#include "igwas/statistics_writer.hpp"
#include "scan_handles.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

namespace py = pybind11;

namespace igwas::bindings {

namespace {

template <typename T>
[[nodiscard]] MatrixView<T const> view_of(Array<T> const& array) {
  if (array.ndim() != 2) {
    throw ShapeError("array has " + std::to_string(array.ndim()) + " axes; expected 2.");
  }
  auto const columns = static_cast<std::size_t>(array.shape(1));
  return {array.data(), static_cast<std::size_t>(array.shape(0)), columns, columns};
}

/// A sink and the arrays it may write into.
struct Sink {
  std::unique_ptr<StatisticsSink> sink;
  py::object keep_alive;
};

[[nodiscard]] Encoding encoding_of(std::string const& name) {
  if (name == "hardcalls") {
    return Encoding::hardcalls;
  }
  if (name == "dosage8") {
    return Encoding::dosage8;
  }
  if (name == "dosage16") {
    return Encoding::dosage16;
  }
  throw Error("encoding is '" + name + "'; expected hardcalls, dosage8 or dosage16.");
}

[[nodiscard]] Source file_source(std::string path, std::string const& encoding,
                                 std::size_t n_variants, std::size_t n_samples,
                                 std::size_t row_bytes, std::size_t rows_per_chunk, bool is_zstd,
                                 Array<std::uint64_t> const& offset,
                                 Array<std::uint64_t> const& size,
                                 Array<std::uint32_t> const& crc32c) {
  ChunkIndex index;
  index.path = std::move(path);
  index.encoding = encoding_of(encoding);
  index.n_variants = n_variants;
  index.n_samples = n_samples;
  index.row_bytes = row_bytes;
  index.rows_per_chunk = rows_per_chunk;
  index.codec = is_zstd ? Codec::zstd : Codec::raw;
  index.offset = to_vector(offset);
  index.size = to_vector(size);
  index.crc32c = to_vector(crc32c);
  return {make_file_source(std::move(index)), py::none()};
}

template <typename T>
[[nodiscard]] Source array_source(Array<T> const& dosage, bool is_fine) {
  return {make_array_source(view_of(dosage), is_fine ? Fractions::fine : Fractions::values),
          dosage};
}

[[nodiscard]] Source call_array_source(Array<std::int8_t> const& calls) {
  return {make_array_source(view_of(calls)), calls};
}

[[nodiscard]] MaskGroup mask_group(std::size_t responses_begin, std::size_t basis_begin,
                                   std::size_t n_basis, Array<std::int64_t> const& output_column,
                                   Array<double> const& sum_of_squares,
                                   Array<std::uint8_t> const& is_member,
                                   std::vector<std::size_t> omnibus_response,
                                   Array<double> const& omnibus_gram) {
  MaskGroup group;
  group.responses_begin = responses_begin;
  group.n_responses = static_cast<std::size_t>(sum_of_squares.size());
  group.n_phenotypes = static_cast<std::size_t>(output_column.size());
  group.basis_begin = basis_begin;
  group.n_basis = n_basis;
  group.output_column = to_vector(output_column);
  group.sum_of_squares = to_vector(sum_of_squares);
  group.is_member = to_vector(is_member);
  group.omnibus_response = std::move(omnibus_response);
  group.omnibus_gram = to_vector(omnibus_gram);
  return group;
}

[[nodiscard]] std::unique_ptr<Model> scan_model(Array<double> const& columns,
                                                Array<std::int64_t> const& file_rows,
                                                Array<std::uint8_t> const& is_male,
                                                std::vector<MaskGroup> masks) {
  auto model = std::make_unique<Model>();
  model->columns = columns;
  model->model = {view_of(columns), to_vector(file_rows), to_vector(is_male), std::move(masks)};
  return model;
}

[[nodiscard]] Sink array_sink(py::dict const& arrays) {
  auto const beta = py::cast<Array<double>>(arrays["beta"]);
  auto const n = py::cast<Array<std::int32_t>>(arrays["n"]);
  StatisticsArrays target = arrays_by_mask(arrays, static_cast<std::size_t>(n.shape(1)),
                                           static_cast<std::size_t>(beta.shape(1)));
  target.beta = data_of<double>(arrays, "beta");
  target.se = data_of<double>(arrays, "se");
  return {make_array_sink(target), arrays};
}

[[nodiscard]] Sink file_sink(std::string const& path, std::string const& journal_path,
                             std::size_t n_masks, std::size_t n_phenotypes,
                             py::dict const& offset) {
  auto const at = [&](char const* name) { return py::cast<std::uint64_t>(offset[name]); };
  StatisticsLayout layout;
  layout.n_masks = n_masks;
  layout.n_phenotypes = n_phenotypes;
  layout.n = at("n");
  layout.missing_count = at("missing_count");
  layout.effect_allele_frequency = at("effect_allele_frequency");
  layout.minor_allele_count = at("minor_allele_count");
  layout.genotype_sum_of_squares = at("genotype_sum_of_squares");
  layout.degrees_of_freedom = at("degrees_of_freedom");
  layout.reason = at("reason");
  layout.omnibus_f = at("omnibus_f");
  layout.omnibus_log10p = at("omnibus_log10p");
  layout.beta = at("beta");
  layout.has_se = offset.contains("se");
  layout.se = layout.has_se ? at("se") : 0;
  layout.done = at("done");
  return {std::make_unique<StatisticsFileSink>(path, journal_path, layout), py::none()};
}

[[nodiscard]] std::vector<ScanBlock> blocks_of(Array<std::int64_t> const& table) {
  auto const rows = view_of(table);
  if (rows.columns != 4) {
    throw ShapeError("the block table has " + std::to_string(rows.columns) +
                     " columns; expected 4.");
  }
  std::vector<ScanBlock> blocks;
  for (std::size_t i = 0; i < rows.rows; ++i) {
    auto const* row = rows.row(i);
    blocks.push_back({static_cast<std::size_t>(row[0]), static_cast<std::size_t>(row[1]),
                      static_cast<std::size_t>(row[2]), static_cast<Haploid>(row[3])});
  }
  return blocks;
}

void run_scan(Source const& source, Model const& model, Array<std::int64_t> const& source_row,
              Array<std::uint8_t> const& excluded_reason, Array<std::int64_t> const& blocks,
              ScanOptions const& options, Sink& sink, std::size_t threads,
              py::object const& progress, py::object const& device) {
  auto const table = blocks_of(blocks);
  ScanRows const rows{{source_row.data(), static_cast<std::size_t>(source_row.size())},
                      {excluded_reason.data(), static_cast<std::size_t>(excluded_reason.size())}};
  auto const report = [&](std::size_t n_done) {
    py::gil_scoped_acquire const held;
    if (PyErr_CheckSignals() != 0) {
      throw py::error_already_set();
    }
    if (!progress.is_none()) {
      progress(n_done);
    }
  };
  Device const* const chosen = device_of(device);
  py::gil_scoped_release const released;
  scan(Context{threads}, *source.source, model.model, rows, table, options, *sink.sink, report,
       chosen);
}

void bind_options(py::module_& module) {
  py::class_<ScanOptions>(module, "ScanOptions")
      .def(py::init([](bool drops_missing, double mac, double maf, double geno, double hwe_log10p,
                       double hit_log10p, std::size_t n_phenotypes, std::size_t batch_bytes,
                       bool is_full) {
             ScanOptions options;
             options.missing = drops_missing ? MissingCalls::drop : MissingCalls::mean;
             options.filters = {mac, maf, geno, hwe_log10p};
             options.hit_log10p = hit_log10p;
             options.n_phenotypes = n_phenotypes;
             options.batch_bytes = batch_bytes;
             options.precision = is_full ? Precision::full : Precision::standard;
             return options;
           }),
           py::kw_only(), py::arg("drops_missing"), py::arg("mac"), py::arg("maf"), py::arg("geno"),
           py::arg("hwe_log10p"), py::arg("hit_log10p"), py::arg("n_phenotypes"),
           py::arg("batch_bytes"), py::arg("is_full"));
}

void bind_sources(py::module_& module) {
  py::class_<Source>(module, "GenotypeSource")
      .def_property_readonly("has_calls", [](Source const& of) {
        return of.source->kind() == GenotypeBatch::Kind::calls;
      });
  module.def("file_source", &file_source, py::kw_only(), py::arg("path"), py::arg("encoding"),
             py::arg("n_variants"), py::arg("n_samples"), py::arg("row_bytes"),
             py::arg("rows_per_chunk"), py::arg("is_zstd"), py::arg("offset").noconvert(),
             py::arg("size").noconvert(), py::arg("crc32c").noconvert());
  module.def("array_source", &array_source<float>, py::arg("dosage").noconvert(),
             py::arg("is_fine") = false);
  module.def("array_source", &array_source<double>, py::arg("dosage").noconvert(),
             py::arg("is_fine") = false);
  module.def("array_source", &call_array_source, py::arg("dosage").noconvert());
}

void bind_models(py::module_& module) {
  py::class_<MaskGroup>(module, "MaskGroup")
      .def(py::init(&mask_group), py::kw_only(), py::arg("responses_begin"), py::arg("basis_begin"),
           py::arg("n_basis"), py::arg("output_column").noconvert(),
           py::arg("sum_of_squares").noconvert(), py::arg("is_member").noconvert(),
           py::arg("omnibus_response"), py::arg("omnibus_gram").noconvert());
  py::class_<Model>(module, "ScanModel")
      .def(py::init(&scan_model), py::kw_only(), py::arg("columns").noconvert(),
           py::arg("file_rows").noconvert(), py::arg("is_male").noconvert(), py::arg("masks"));
}

void bind_sinks(py::module_& module) {
  py::class_<Sink>(module, "StatisticsSink");
  module.def("array_sink", &array_sink, py::arg("arrays"));
  module.def("file_sink", &file_sink, py::kw_only(), py::arg("path"), py::arg("journal_path"),
             py::arg("n_masks"), py::arg("n_phenotypes"), py::arg("offset"));
}

}  // namespace

void bind_scan(py::module_& module) {
  bind_options(module);
  bind_sources(module);
  bind_models(module);
  bind_sinks(module);
  module.def("scan", &run_scan, py::kw_only(), py::arg("source"), py::arg("model"),
             py::arg("source_row").noconvert(), py::arg("excluded_reason").noconvert(),
             py::arg("blocks").noconvert(), py::arg("options"), py::arg("sink"), py::arg("threads"),
             py::arg("progress"), py::arg("device") = py::none());
}

}  // namespace igwas::bindings
