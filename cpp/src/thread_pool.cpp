#include "igwas/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace igwas {

namespace {

constexpr auto watch_interval = std::chrono::milliseconds(100);

/// What the workers and the watching thread share.
struct State {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> is_stopped{false};
  std::mutex mutex;
  std::condition_variable finished;
  std::size_t n_running = 0;
  std::exception_ptr error;

  void fail(std::exception_ptr const& cause) {
    is_stopped = true;
    std::lock_guard const lock(mutex);
    if (!error) {
      error = cause;
    }
  }
};

void work(State& state, std::size_t n_tasks, std::size_t worker,
          std::function<void(std::size_t, std::size_t)> const& task) {
  try {
    while (!state.is_stopped) {
      std::size_t const index = state.next.fetch_add(1);
      if (index >= n_tasks) {
        break;
      }
      task(index, worker);
    }
  } catch (...) {
    state.fail(std::current_exception());
  }
  std::lock_guard const lock(state.mutex);
  --state.n_running;
  state.finished.notify_all();
}

void watch_until_finished(State& state, Watch const& watch) {
  std::unique_lock lock(state.mutex);
  while (!state.finished.wait_for(lock, watch_interval, [&] { return state.n_running == 0; })) {
    lock.unlock();
    if (watch && !state.is_stopped) {
      try {
        watch();
      } catch (...) {
        state.fail(std::current_exception());
      }
    }
    lock.lock();
  }
}

}  // namespace

void run_tasks(Context const& context, std::size_t n_tasks,
               std::function<void(std::size_t, std::size_t)> const& task, Watch const& watch) {
  State state;
  std::size_t const n_threads = std::max<std::size_t>(1, std::min(context.threads, n_tasks));
  state.n_running = n_threads;
  {
    std::vector<std::jthread> threads;
    threads.reserve(n_threads);
    for (std::size_t worker = 0; worker < n_threads; ++worker) {
      threads.emplace_back([&, worker] { work(state, n_tasks, worker, task); });
    }
    watch_until_finished(state, watch);
  }
  if (state.error) {
    std::rethrow_exception(state.error);
  }
}

}  // namespace igwas
