#include "model_tables.hpp"

#include "igwas/error.hpp"

#include <algorithm>
#include <string>

namespace igwas::cuda {

namespace {

/// Blocks along the second axis of a grid, at most, less one for everybody.
constexpr std::size_t most_masks = 65'534;

/// A copy on the device; one element where there is none, since no allocation may be empty.
template <typename T>
[[nodiscard]] DeviceBuffer<T> uploaded(std::vector<T> const& values) {
  auto buffer = device_buffer<T>(std::max<std::size_t>(1, values.size()));
  if (!values.empty()) {
    check(
        cudaMemcpy(buffer.data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice),
        "copy the model");
    // As for the columns: the lanes' streams do not wait for this copy.
    check(cudaDeviceSynchronize(), "copy the model");
  }
  return buffer;
}

template <typename T>
[[nodiscard]] std::size_t bytes_of(std::vector<T> const& values) noexcept {
  return values.size() * sizeof(T);
}

[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> stretches_of(
    std::vector<unsigned> columns) {
  std::ranges::sort(columns);
  std::vector<std::pair<std::size_t, std::size_t>> found;
  for (unsigned const column : columns) {
    if (found.empty() || column > found.back().first + found.back().second) {
      found.emplace_back(column, 0);
    }
    found.back().second = column + 1 - found.back().first;
  }
  return found;
}

}  // namespace

HostTables::HostTables(DeviceTests const& tests, FixedColumns const& columns)
    : n_words(columns.rows() / word_samples) {
  if (tests.model.masks.size() > most_masks) {
    throw DeviceUnavailable("there are " + std::to_string(tests.model.masks.size()) +
                            " missingness masks; expected at most " + std::to_string(most_masks) +
                            " on a GPU. Run with --device cpu.");
  }
  static_cast<void>(set_of(tests.sets.everybody));
  for (std::size_t column = 0; column < columns.columns(); ++column) {
    unit.push_back(columns.unit(column));
    low_limb.push_back(static_cast<unsigned>(columns.low_limb(column)));
  }
  for (std::size_t mask = 0; mask < tests.model.masks.size(); ++mask) {
    add_mask(tests, mask);
  }
}

/// The number of a set, which is added unless it is there.
unsigned HostTables::set_of(std::vector<std::uint64_t> const& members) {
  std::vector<unsigned> words(n_words, 0);
  for (std::size_t i = 0; i < members.size(); ++i) {
    words[2 * i] = static_cast<unsigned>(members[i]);
    if (2 * i + 1 < n_words) {
      words[2 * i + 1] = static_cast<unsigned>(members[i] >> 32);
    }
  }
  for (std::size_t set = 0; set < n_sets; ++set) {
    if (std::equal(words.begin(), words.end(),
                   sets.begin() + static_cast<std::ptrdiff_t>(set * n_words))) {
      return static_cast<unsigned>(set);
    }
  }
  sets.insert(sets.end(), words.begin(), words.end());
  return static_cast<unsigned>(n_sets++);
}

void HostTables::add_mask(DeviceTests const& tests, std::size_t mask) {
  MaskGroup const& group = tests.model.masks[mask];
  Cholesky const& omnibus = tests.omnibus[mask];
  auto const narrow = [](std::size_t n) { return static_cast<unsigned>(n); };
  auto const left =
      static_cast<double>(tests.sets.mask_size[mask]) - static_cast<double>(group.n_basis) - 1;
  masks.push_back({
      .set = set_of(tests.sets.mask[mask]),
      .n_samples = narrow(tests.sets.mask_size[mask]),
      .responses_begin = narrow(group.responses_begin),
      .n_responses = narrow(group.n_responses),
      .n_phenotypes = narrow(group.n_phenotypes),
      .basis_begin = narrow(group.basis_begin),
      .n_basis = narrow(group.n_basis),
      .n_omnibus = narrow(omnibus.rank()),
      .phenotypes_at = narrow(output_column.size()),
      .omnibus_at = narrow(omnibus_column.size()),
      .factor_at = factor.size(),
      .degrees_of_freedom = std::max(0.0, left),
  });
  for (std::size_t k = 0; k < group.n_phenotypes; ++k) {
    response_squares.push_back(group.sum_of_squares[k]);
    output_column.push_back(static_cast<unsigned>(group.output_column[k]));
  }
  for (std::size_t column = 0; column < omnibus.rank(); ++column) {
    omnibus_column.push_back(
        narrow(group.responses_begin + group.omnibus_response[omnibus.kept()[column]]));
    for (std::size_t row = column; row < omnibus.rank(); ++row) {
      factor.push_back(omnibus.lower(row, column));
    }
  }
}

std::size_t HostTables::bytes() const noexcept {
  return bytes_of(sets) + bytes_of(masks) + bytes_of(unit) + bytes_of(low_limb) +
         bytes_of(response_squares) + bytes_of(output_column) + bytes_of(omnibus_column) +
         bytes_of(factor);
}

ModelTables::ModelTables(DeviceTests const& tests, HostTables const& host)
    : tests_(tests),
      n_sets_(host.n_sets),
      n_words_(host.n_words),
      stretches_(stretches_of(host.output_column)),
      sets_(uploaded(host.sets)),
      masks_(uploaded(host.masks)),
      unit_(uploaded(host.unit)),
      low_limb_(uploaded(host.low_limb)),
      response_squares_(uploaded(host.response_squares)),
      output_column_(uploaded(host.output_column)),
      omnibus_column_(uploaded(host.omnibus_column)),
      factor_(uploaded(host.factor)) {
  for (MaskTable const& mask : host.masks) {
    set_of_mask_.push_back(mask.set);
  }
}

void ModelTables::describe(CountArguments& to) const noexcept {
  to.sets = sets_.data();
  to.n_words = static_cast<unsigned>(n_words_);
  to.n_sets = static_cast<unsigned>(n_sets_);
}

void ModelTables::describe(TestArguments& to) const noexcept {
  to.masks = masks_.data();
  to.unit = unit_.data();
  to.low_limb = low_limb_.data();
  to.response_squares = response_squares_.data();
  to.output_column = output_column_.data();
  to.omnibus_column = omnibus_column_.data();
  to.factor = factor_.data();
  to.hit_chisq = tests_.hit_chisq;
  to.n_sets = static_cast<unsigned>(n_sets_);
  to.n_phenotypes = static_cast<unsigned>(tests_.n_phenotypes);
}

}  // namespace igwas::cuda
