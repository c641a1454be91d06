#include "check.hpp"
#include "igwas/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace igwas;

namespace {

void every_task_runs_once_on_a_worker_of_its_own() {
  for (std::size_t const threads : {0U, 1U, 2U, 4U, 7U}) {
    for (std::size_t const n : {0U, 1U, 3U, 200U}) {
      std::vector<std::atomic<int>> count(n);
      std::vector<std::atomic<int>> busy(std::max<std::size_t>(1, threads));
      std::atomic<bool> is_shared{false};
      run_tasks(Context{threads}, n,
                [&](std::size_t index, std::size_t worker) {
                  is_shared = is_shared || busy.at(worker).fetch_add(1) != 0;
                  ++count[index];
                  --busy[worker];
                },
                {});
      bool once = true;
      for (auto const& c : count) {
        once = once && c == 1;
      }
      CHECK(once);
      CHECK(!is_shared);
    }
  }
}

void one_thread_takes_tasks_in_order() {
  std::vector<std::size_t> order;
  run_tasks(Context{1}, 50, [&](std::size_t index, std::size_t) { order.push_back(index); }, {});
  bool ascending = order.size() == 50;
  for (std::size_t i = 0; i < order.size(); ++i) {
    ascending = ascending && order[i] == i;
  }
  CHECK(ascending);
}

void the_exception_of_a_task_stops_the_run() {
  for (std::size_t const threads : {1U, 4U}) {
    std::atomic<int> n_run{0};
    testing::check_throws<std::out_of_range>([&] {
      run_tasks(Context{threads}, 100000,
                [&](std::size_t index, std::size_t) {
                  ++n_run;
                  if (index == 5) {
                    throw std::out_of_range("task");
                  }
                  std::this_thread::sleep_for(std::chrono::microseconds(50));
                },
                {});
    });
    CHECK(n_run < 100000);
  }
}

void the_exception_of_the_watcher_stops_the_run() {
  std::atomic<int> n_run{0};
  std::atomic<int> n_running{0};
  testing::check_throws<std::domain_error>([&] {
    run_tasks(
        Context{2}, 1000000,
        [&](std::size_t, std::size_t) {
          ++n_running;
          ++n_run;
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
          --n_running;
        },
        [] { throw std::domain_error("watch"); });
  });
  CHECK(n_run < 1000000);
  CHECK(n_running == 0);
}

void the_watcher_runs_while_tasks_do_and_on_the_thread_of_the_caller() {
  int n_watched = 0;
  bool is_here = true;
  auto const here = std::this_thread::get_id();
  run_tasks(
      Context{1}, 1,
      [](std::size_t, std::size_t) { std::this_thread::sleep_for(std::chrono::milliseconds(350)); },
      [&] {
        ++n_watched;
        is_here = is_here && std::this_thread::get_id() == here;
      });
  CHECK(n_watched >= 1 && n_watched <= 4);
  CHECK(is_here);
}

}  // namespace

int main() {
  every_task_runs_once_on_a_worker_of_its_own();
  one_thread_takes_tasks_in_order();
  the_exception_of_a_task_stops_the_run();
  the_exception_of_the_watcher_stops_the_run();
  the_watcher_runs_while_tasks_do_and_on_the_thread_of_the_caller();
  return testing::exit_code();
}
