#include "fibers.hpp"

#include "stack_switch.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace cuda_sim {

namespace {

constexpr unsigned warp_threads = 32;
constexpr std::size_t stack_bytes = std::size_t{64} << 10;

enum class State { runs, at_barrier, at_multiply, at_quarter, done };

/// What a thread brings to a multiplication of its warp.
struct Operands {
  int* sums;
  std::array<unsigned, 4> codes;
  uint2 digits;
};

struct Fiber {
  StackPoint point;
  std::unique_ptr<std::byte[]> stack;
  void* fake_stack = nullptr;
  dim3 thread;
  State state = State::runs;
  Operands operands;
};

/// A block on this CPU thread; kernels of other streams wait for their turn.
struct Block {
  std::vector<Fiber> fibers;
  StackPoint scheduler;
  void* scheduler_fake_stack = nullptr;
  void const* scheduler_stack = nullptr;
  std::size_t scheduler_stack_bytes = 0;
  Fiber* current = nullptr;
  dim3 index;
  dim3 grid;
  std::function<void()> const* body = nullptr;
};

Block& block() {
  thread_local Block instance;
  return instance;
}

// Address checks follow a switch of stacks only if they are told.
void start_switch([[maybe_unused]] void** save, [[maybe_unused]] void const* stack,
                  [[maybe_unused]] std::size_t n_bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(save, stack, n_bytes);
#endif
}

void finish_switch([[maybe_unused]] void* saved, [[maybe_unused]] void const** stack,
                   [[maybe_unused]] std::size_t* n_bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(saved, stack, n_bytes);
#endif
}

void leave(State state) {
  Block& of = block();
  Fiber& fiber = *of.current;
  fiber.state = state;
  start_switch(state == State::done ? nullptr : &fiber.fake_stack, of.scheduler_stack,
               of.scheduler_stack_bytes);
  switch_stack(fiber.point, of.scheduler);
  finish_switch(fiber.fake_stack, &of.scheduler_stack, &of.scheduler_stack_bytes);
}

void run_fiber() {
  Block& of = block();
  finish_switch(nullptr, &of.scheduler_stack, &of.scheduler_stack_bytes);
  (*of.body)();
  leave(State::done);
}

void enter(Fiber& fiber) {
  Block& of = block();
  of.current = &fiber;
  start_switch(&of.scheduler_fake_stack, fiber.stack.get(), stack_bytes);
  switch_stack(of.scheduler, fiber.point);
  finish_switch(of.scheduler_fake_stack, nullptr, nullptr);
}

void prepare(Fiber& fiber, unsigned number, dim3 size) {
  if (!fiber.stack) {
    fiber.stack = std::make_unique<std::byte[]>(stack_bytes);
  }
  fiber.thread = {number % size.x, number / size.x % size.y, number / (size.x * size.y)};
  fiber.state = State::runs;
  fiber.fake_stack = nullptr;
  start_stack(fiber.point, fiber.stack.get(), stack_bytes, run_fiber);
}

[[nodiscard]] int code_at(Fiber const* warp, unsigned row, unsigned sample) {
  // PTX ISA, matrix A of m16n8k32, .u8: a0..a3 row g, a4..a7 row g + 8, the next eight 16 samples
  // on.
  unsigned const lane = 4 * (row % 8) + sample % 16 / 4;
  unsigned const number = row / 8 + 2 * (sample / 16);
  return static_cast<int>((warp[lane].operands.codes[number] >> (8 * (sample % 4))) & 0xFFU);
}

[[nodiscard]] int digit_at(Fiber const* warp, unsigned sample, unsigned column) {
  // Matrix B, .s8: b0..b3 samples 4t .. 4t + 3 of column g, b4..b7 16 samples on.
  uint2 const digits = warp[4 * column + sample % 16 / 4].operands.digits;
  unsigned const word = sample / 16 == 0 ? digits.x : digits.y;
  return static_cast<std::int8_t>((word >> (8 * (sample % 4))) & 0xFFU);
}

void multiply_warp(Fiber* warp) {
  std::array<std::array<int, 32>, 16> codes;
  std::array<std::array<int, 32>, 8> digits;
  for (unsigned sample = 0; sample < 32; ++sample) {
    for (unsigned row = 0; row < 16; ++row) {
      codes[row][sample] = code_at(warp, row, sample);
    }
    for (unsigned column = 0; column < 8; ++column) {
      digits[column][sample] = digit_at(warp, sample, column);
    }
  }
  for (unsigned row = 0; row < 16; ++row) {
    for (unsigned column = 0; column < 8; ++column) {
      // Matrix C: c0, c1 columns 2t and 2t + 1 of row g, c2, c3 of row g + 8.
      int& sum = warp[4 * (row % 8) + column / 2].operands.sums[2 * (row / 8) + column % 2];
      sum = std::inner_product(codes[row].begin(), codes[row].end(), digits[column].begin(), sum);
    }
  }
}

void multiply_quarter(Fiber* warp) {
  auto const byte = [](unsigned word, unsigned at) { return (word >> (8 * (at % 4))) & 0xFFU; };
  for (unsigned row = 0; row < 8; ++row) {
    for (unsigned column = 0; column < 8; ++column) {
      // Matrix C of m8n8k16: c0, c1 columns 2t and 2t + 1 of row g.
      int& sum = warp[4 * row + column / 2].operands.sums[column % 2];
      for (unsigned sample = 0; sample < 16; ++sample) {
        // Matrices A and B: a0..a3, b0..b3 samples 4t .. 4t + 3 of row or column g.
        unsigned const code = byte(warp[4 * row + sample / 4].operands.codes[0], sample);
        unsigned const digit = byte(warp[4 * column + sample / 4].operands.digits.x, sample);
        sum += static_cast<int>(code) * static_cast<std::int8_t>(digit);
      }
    }
  }
}

/// Let go on who has waited long enough; false if nobody can.
[[nodiscard]] bool release(unsigned n, std::string& error) {
  auto& fibers = block().fibers;
  auto const count = [&](unsigned first, unsigned last, State state) {
    return std::count_if(fibers.begin() + first, fibers.begin() + last,
                         [state](Fiber const& fiber) { return fiber.state == state; });
  };
  auto const resume = [&](unsigned first, unsigned last) {
    for (unsigned i = first; i < last; ++i) {
      fibers[i].state = State::runs;
    }
  };
  bool any = count(0, n, State::runs) != 0;
  for (unsigned first = 0; first + warp_threads <= n; first += warp_threads) {
    if (count(first, first + warp_threads, State::at_multiply) == warp_threads) {
      multiply_warp(&fibers[first]);
      resume(first, first + warp_threads);
      any = true;
    } else if (count(first, first + warp_threads, State::at_quarter) == warp_threads) {
      multiply_quarter(&fibers[first]);
      resume(first, first + warp_threads);
      any = true;
    }
  }
  if (count(0, n, State::at_barrier) == n) {
    resume(0, n);
    any = true;
  }
  if (!any && count(0, n, State::done) != n) {
    error = "threads wait for others that will not come";
  }
  return any;
}

/// 0 to n - 1 in the first order that was chosen.
[[nodiscard]] std::vector<unsigned> in_order(unsigned n, ThreadOrder order, std::mt19937& random) {
  std::vector<unsigned> turns(n);
  std::iota(turns.begin(), turns.end(), 0U);
  if (order.kind == ThreadOrder::Kind::descending) {
    std::ranges::reverse(turns);
  }
  if (order.kind == ThreadOrder::Kind::shuffled) {
    std::ranges::shuffle(turns, random);
  }
  return turns;
}

[[nodiscard]] std::string run_block(dim3 size, ThreadOrder order, std::mt19937& random) {
  unsigned const n = size.x * size.y * size.z;
  auto& fibers = block().fibers;
  fibers.resize(std::max<std::size_t>(fibers.size(), n));
  std::vector<unsigned> turns = in_order(n, order, random);
  for (unsigned i = 0; i < n; ++i) {
    prepare(fibers[i], i, size);
  }
  std::string error;
  do {
    if (order.kind == ThreadOrder::Kind::shuffled) {
      std::ranges::shuffle(turns, random);
    }
    for (unsigned const i : turns) {
      if (fibers[i].state == State::runs) {
        enter(fibers[i]);
      }
    }
  } while (release(n, error));
  return error;
}

}  // namespace

dim3 const& thread_index() { return block().current->thread; }
dim3 const& block_index() { return block().index; }
dim3 const& grid_size() { return block().grid; }
void wait_at_barrier() { leave(State::at_barrier); }
void pause() { leave(State::runs); }

void multiply_add(int (&sums)[4], unsigned const (&codes)[4], uint2 digits) {
  block().current->operands = {sums, {codes[0], codes[1], codes[2], codes[3]}, digits};
  leave(State::at_multiply);
}

void multiply_add_quarter(int (&sums)[2], unsigned codes, unsigned digits) {
  block().current->operands = {sums, {codes, 0, 0, 0}, {digits, 0}};
  leave(State::at_quarter);
}

std::string run_grid(dim3 grid, dim3 size, ThreadOrder order, std::function<void()> const& body) {
  std::mt19937 random(order.seed);
  block().body = &body;
  block().grid = grid;
  std::string error;
  // Blocks too: none may count on another.
  for (unsigned const number : in_order(grid.x * grid.y * grid.z, order, random)) {
    block().index = {number % grid.x, number / grid.x % grid.y, number / grid.x / grid.y};
    error = run_block(size, order, random);
    if (!error.empty()) {
      break;
    }
  }
  return error;
}

}  // namespace cuda_sim
