// What the kernel and the host share, on its own.
#include "../check.hpp"
#include "digit_columns.hpp"
#include "igwas/error.hpp"
#include "memory_plan.hpp"
#include "row_codes.cuh"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>

using namespace igwas;
using namespace igwas::cuda;
using igwas::testing::check_throws;

namespace {

constexpr RowKind kinds[] = {RowKind::effect_counted, RowKind::other_counted, RowKind::missing};

/// What a call of PLINK's coding weighs: 0 two effect alleles, 1 missing, 2 one of each, 3 none.
unsigned weight_of_call(unsigned call, RowKind kind) {
  if (kind == RowKind::missing) {
    return call == 1 ? 1 : 0;
  }
  unsigned const effect = call == 0 ? 2 : (call == 2 ? 1 : 0);
  return call == 1 ? 0 : (kind == RowKind::effect_counted ? effect : 2 - effect);
}

unsigned weight_of_byte(unsigned byte, RowKind kind) {
  if (kind == RowKind::missing) {
    return byte == 255 ? 1 : 0;
  }
  return byte == 255 ? 0 : (kind == RowKind::effect_counted ? byte : 254 - byte);
}

unsigned weight_of_code(unsigned code, RowKind kind) {
  if (kind == RowKind::missing) {
    return code == 65535 ? 1 : 0;
  }
  return code == 65535 ? 0 : (kind == RowKind::effect_counted ? code : 65534 - code);
}

unsigned weight_of_fine(unsigned code, RowKind kind) {
  if (kind == RowKind::missing) {
    return code == missing_fine ? 1 : 0;
  }
  return code == missing_fine ? 0
                              : (kind == RowKind::effect_counted ? code : two_copies_fine - code);
}

template <typename Rows>
CodeBytes plane_of(typename Rows::Word const& word, unsigned half, RowKind kind,
                   unsigned plane = 0) {
  CodeBytes planes[Rows::n_planes];
  Rows::split(word, half, Rows::recoding(kind), planes);
  return planes[plane];
}

unsigned byte_of(CodeBytes const& bytes, unsigned sample) {
  return ((sample % 2 == 0 ? bytes.even : bytes.odd) >> (8 * (sample / 2))) & 0xFFU;
}

void every_call_becomes_its_weight() {
  for (RowKind const kind : kinds) {
    for (unsigned part = 0; part < 65536; ++part) {
      unsigned const other = (part * 40503U) & 0xFFFFU;
      CodeBytes const low = plane_of<CallRows>(part | (other << 16), 0, kind);
      CodeBytes const high = plane_of<CallRows>(other | (part << 16), 1, kind);
      for (unsigned sample = 0; sample < 8; ++sample) {
        unsigned const expected = weight_of_call((part >> (2 * sample)) & 3U, kind);
        CHECK(byte_of(low, sample) == expected);
        CHECK(byte_of(high, sample) == expected);
      }
    }
  }
}

void every_byte_becomes_its_weight_beside_any_other() {
  for (RowKind const kind : kinds) {
    unsigned const recoding = ByteRows::recoding(kind);
    for (unsigned byte = 0; byte < 256; ++byte) {
      for (unsigned const other : {0U, 1U, 127U, 128U, 254U, 255U}) {
        unsigned const mixed = byte | (other << 8) | (byte << 16) | (other << 24);
        unsigned const found = ByteRows::recode(mixed, recoding);
        for (unsigned at = 0; at < 4; ++at) {
          unsigned const expected = weight_of_byte(at % 2 == 0 ? byte : other, kind);
          CHECK(((found >> (8 * at)) & 0xFFU) == expected);
        }
      }
    }
  }
}

void every_code_becomes_its_weight_beside_any_other() {
  for (RowKind const kind : kinds) {
    unsigned const recoding = CodeRows::recoding(kind);
    for (unsigned code = 0; code < 65536; ++code) {
      for (unsigned const other : {0U, 1U, 255U, 256U, 32767U, 32768U, 65534U, 65535U}) {
        unsigned const found = CodeRows::recode(code | (other << 16), recoding);
        unsigned const swapped = CodeRows::recode(other | (code << 16), recoding);
        unsigned const first = weight_of_code(code, kind);
        unsigned const second = weight_of_code(other, kind);
        CHECK(found == (first | (second << 16)) && swapped == (second | (first << 16)));
      }
    }
  }
}

void words_are_counted_like_their_samples() {
  std::mt19937 random(8);
  for (int repeat = 0; repeat < 2'000; ++repeat) {
    unsigned const members = static_cast<unsigned>(random());
    auto const set = members & 0x55555555U;
    auto const calls = static_cast<unsigned>(random());
    uint4 const bytes = {static_cast<unsigned>(random()), static_cast<unsigned>(random()),
                         static_cast<unsigned>(random()), 0xFFFE00FFU};
    unsigned const parts[4] = {bytes.x, bytes.y, bytes.z, bytes.w};
    SetSums of_calls = {0, 0, 0, 0, 255, 0};
    SetSums of_bytes = of_calls;
    CallRows::count(calls, set, of_calls);
    ByteRows::count(bytes, set, of_bytes);
    SetSums expected_calls = {0, 0, 0, 0, 255, 0};
    SetSums expected_bytes = expected_calls;
    for (unsigned i = 0; i < 16; ++i) {
      if (((set >> (2 * i)) & 1U) == 0) {
        continue;
      }
      unsigned const call = (calls >> (2 * i)) & 3U;
      if (call != 1) {
        unsigned const copies = weight_of_call(call, RowKind::effect_counted);
        expected_calls.sum += copies;
        expected_calls.sum_of_squares += copies * copies;
        ++expected_calls.n_called;
        expected_calls.n_one_of_each += copies == 1 ? 1 : 0;
      }
      unsigned const byte = (parts[i / 4] >> (8 * (i % 4))) & 0xFFU;
      if (byte != 255) {
        expected_bytes.sum += byte;
        expected_bytes.sum_of_squares += byte * byte;
        ++expected_bytes.n_called;
        expected_bytes.least = std::min(expected_bytes.least, byte);
        expected_bytes.greatest = std::max(expected_bytes.greatest, byte);
      }
    }
    auto const same = [](SetSums const& a, SetSums const& b) {
      return a.sum == b.sum && a.sum_of_squares == b.sum_of_squares && a.n_called == b.n_called &&
             a.n_one_of_each == b.n_one_of_each && a.least == b.least && a.greatest == b.greatest;
    };
    CHECK(same(of_calls, expected_calls));
    CHECK(same(of_bytes, expected_bytes));
  }
}

void bytes_are_taken_in_the_order_of_samples() {
  uint4 const word = {0x03020100, 0x07060504, 0x0B0A0908, 0x0F0E0D0C};
  for (unsigned half = 0; half < 2; ++half) {
    CodeBytes const bytes = plane_of<ByteRows>(word, half, RowKind::effect_counted);
    for (unsigned sample = 0; sample < 8; ++sample) {
      CHECK(byte_of(bytes, sample) == 8 * half + sample);
    }
  }
}

/// A code for each of 16 samples.
CodeRows::Word word_of(std::array<unsigned, 16> const& codes) {
  auto const pair = [&](unsigned i) { return codes[i] | (codes[i + 1] << 16); };
  return {{pair(0), pair(2), pair(4), pair(6)}, {pair(8), pair(10), pair(12), pair(14)}};
}

void codes_are_split_in_the_order_of_samples() {
  std::array<unsigned, 16> codes;
  for (unsigned i = 0; i < 16; ++i) {
    codes[i] = (0x1700U * i + 0x31U + i) & 0xFFFFU;
  }
  for (RowKind const kind : kinds) {
    for (unsigned half = 0; half < 2; ++half) {
      CodeBytes const low = plane_of<CodeRows>(word_of(codes), half, kind, 0);
      CodeBytes const high = plane_of<CodeRows>(word_of(codes), half, kind, 1);
      for (unsigned sample = 0; sample < 8; ++sample) {
        unsigned const expected = weight_of_code(codes[8 * half + sample], kind);
        CHECK(byte_of(low, sample) == (expected & 0xFFU));
        CHECK(byte_of(high, sample) == expected >> 8);
      }
    }
  }
}

void words_of_codes_are_counted_like_their_samples() {
  std::mt19937 random(9);
  for (int repeat = 0; repeat < 2'000; ++repeat) {
    auto const set = static_cast<unsigned>(random()) & 0x55555555U;
    std::array<unsigned, 16> codes;
    SetSums expected = {0, 0, 0, 0, 65535, 0};
    unsigned word_sum = 0;
    for (unsigned i = 0; i < 16; ++i) {
      codes[i] = random() % 4 == 0 ? 65533U + static_cast<unsigned>(random() % 3)
                                   : static_cast<unsigned>(random() & 0xFFFFU);
      word_sum += codes[i] << (16 * (i % 2));
      if (((set >> (2 * i)) & 1U) != 0 && codes[i] != 65535) {
        expected.sum += codes[i];
        expected.sum_of_squares += std::uint64_t{codes[i]} * codes[i];
        ++expected.n_called;
        expected.least = std::min(expected.least, codes[i]);
        expected.greatest = std::max(expected.greatest, codes[i]);
      }
    }
    SetSums found = {0, 0, 0, 0, 65535, 0};
    CodeRows::count(word_of(codes), set, found);
    CHECK(found.sum == expected.sum && found.sum_of_squares == expected.sum_of_squares);
    CHECK(found.n_called == expected.n_called && found.n_one_of_each == 0);
    CHECK(found.least == expected.least && found.greatest == expected.greatest);
    CHECK(CodeRows::word_sum(word_of(codes)) == word_sum);
  }
}

/// Fine codes of 16 samples: random ones, missing ones, none and two copies.
std::array<unsigned, 16> random_fine(std::mt19937& random) {
  std::array<unsigned, 16> codes;
  for (unsigned& code : codes) {
    unsigned const any = static_cast<unsigned>(random()) % (two_copies_fine + 1);
    unsigned const odd[] = {missing_fine, 0, two_copies_fine, two_copies_fine - 1};
    code = random() % 3 == 0 ? odd[random() % 4] : any;
  }
  return codes;
}

FineRows::Word fine_word_of(std::array<unsigned, 16> const& of) {
  FineRows::Word word;
  for (unsigned i = 0; i < 4; ++i) {
    word.part[i] = {of[4 * i], of[4 * i + 1], of[4 * i + 2], of[4 * i + 3]};
  }
  return word;
}

void fine_codes_are_split_in_the_order_of_samples() {
  std::mt19937 random(10);
  for (int repeat = 0; repeat < 500; ++repeat) {
    auto const codes = random_fine(random);
    for (RowKind const kind : kinds) {
      for (unsigned half = 0; half < 2; ++half) {
        for (unsigned plane = 0; plane < FineRows::n_planes; ++plane) {
          CodeBytes const bytes = plane_of<FineRows>(fine_word_of(codes), half, kind, plane);
          for (unsigned sample = 0; sample < 8; ++sample) {
            unsigned const expected = weight_of_fine(codes[8 * half + sample], kind);
            CHECK(byte_of(bytes, sample) == ((expected >> (8 * plane)) & 0xFFU));
          }
        }
      }
    }
  }
}

void words_of_fine_codes_are_counted_like_their_samples() {
  std::mt19937 random(11);
  for (int repeat = 0; repeat < 2'000; ++repeat) {
    auto const set = static_cast<unsigned>(random()) & 0x55555555U;
    auto const codes = random_fine(random);
    SetSums expected = {0, 0, 0, 0, ~0U, 0};
    unsigned word_sum = 0;
    for (unsigned i = 0; i < 16; ++i) {
      word_sum += codes[i];
      if (((set >> (2 * i)) & 1U) != 0 && codes[i] != missing_fine) {
        expected.sum += codes[i];
        expected.sum_of_squares += std::uint64_t{codes[i]} * codes[i];
        ++expected.n_called;
        expected.least = std::min(expected.least, codes[i]);
        expected.greatest = std::max(expected.greatest, codes[i]);
      }
    }
    SetSums found = {0, 0, 0, 0, ~0U, 0};
    FineRows::count(fine_word_of(codes), set, found);
    CHECK(found.sum == expected.sum && found.sum_of_squares == expected.sum_of_squares);
    CHECK(found.n_called == expected.n_called && found.n_one_of_each == 0);
    CHECK(found.least == expected.least && found.greatest == expected.greatest);
    CHECK(FineRows::word_sum(fine_word_of(codes)) == word_sum);
  }
}

void digits_make_the_value_again() {
  constexpr std::int32_t largest = 1 << 20;
  for (std::int32_t value = -largest; value <= largest; ++value) {
    auto const digits = digits_of(value);
    if (digits[0] + 256 * digits[1] + 65536 * digits[2] != value) {
      CHECK(false);
    }
  }
  auto const ones = digits_of(DigitColumns::checksum_value);
  CHECK(ones[0] == 1 && ones[1] == 1 && ones[2] == 1);
}

// 128 phenotypes and 21 covariates of 500,000 people, ten workers.
constexpr MemoryNeeds biobank{500'000 * std::size_t{160} * 3, 125'040, 160, 10};

void a_biobank_fits_eight_gibibytes() {
  std::size_t const n_free = (std::size_t{8} << 30) - (std::size_t{500} << 20);
  std::size_t const rows = plan_piece_rows(biobank, n_free, "GPU 0");
  CHECK(rows >= 256);
  CHECK(slot_bytes(biobank, rows) <= most_piece_bytes);
  CHECK(biobank.digit_bytes + 10 * lane_slots * slot_bytes(biobank, rows) <= n_free);
}

void a_full_card_gets_smaller_pieces_and_then_an_error() {
  std::size_t const n_free = biobank.digit_bytes / 9 * 10 + (std::size_t{200} << 20);
  std::size_t const rows = plan_piece_rows(biobank, n_free, "GPU 0");
  CHECK(rows < plan_piece_rows(biobank, std::size_t{80} << 30, "GPU 0"));
  std::string words;
  try {
    static_cast<void>(plan_piece_rows(biobank, biobank.digit_bytes, "GPU 0"));
  } catch (DeviceUnavailable const& error) {
    words = error.what();
  }
  CHECK(words.find("GPU 0 has 229 MiB of memory free; expected at least ") == 0);
}

}  // namespace

int main() {
  every_call_becomes_its_weight();
  every_byte_becomes_its_weight_beside_any_other();
  words_are_counted_like_their_samples();
  bytes_are_taken_in_the_order_of_samples();
  every_code_becomes_its_weight_beside_any_other();
  codes_are_split_in_the_order_of_samples();
  words_of_codes_are_counted_like_their_samples();
  fine_codes_are_split_in_the_order_of_samples();
  words_of_fine_codes_are_counted_like_their_samples();
  digits_make_the_value_again();
  a_biobank_fits_eight_gibibytes();
  a_full_card_gets_smaller_pieces_and_then_an_error();
  return igwas::testing::exit_code();
}
