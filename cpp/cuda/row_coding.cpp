#include "row_coding.hpp"

namespace igwas::cuda {

RowForm form_of(GenotypeBatch::Kind kind) noexcept {
  switch (kind) {
    case GenotypeBatch::Kind::bytes:
      return RowForm::bytes;
    case GenotypeBatch::Kind::codes:
      return RowForm::codes;
    case GenotypeBatch::Kind::fine:
      return RowForm::fine;
    case GenotypeBatch::Kind::calls:
    case GenotypeBatch::Kind::values:
      break;
  }
  return RowForm::calls;
}

std::size_t bytes_of_row(GenotypeBatch::Kind kind, std::size_t n_samples) noexcept {
  switch (form_of(kind)) {
    case RowForm::bytes:
      return n_samples;
    case RowForm::codes:
      return 2 * n_samples;
    case RowForm::fine:
      return 4 * n_samples;
    case RowForm::calls:
      break;
  }
  return n_samples / 4;
}

unsigned char const* genotypes_of(GenotypeBatch const& batch, std::size_t variant) noexcept {
  void const* row = nullptr;
  switch (form_of(batch.kind())) {
    case RowForm::calls:
      row = batch.padded_calls(variant);
      break;
    case RowForm::bytes:
      row = batch.padded_bytes(variant);
      break;
    case RowForm::codes:
      row = batch.padded_codes(variant);
      break;
    case RowForm::fine:
      row = batch.padded_fine(variant);
      break;
  }
  return static_cast<unsigned char const*>(row);
}

}  // namespace igwas::cuda
