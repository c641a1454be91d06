// Tasks 0..n-1 over a fixed number of threads; the caller's thread only watches.
#pragma once

#include "igwas/context.hpp"

#include <cstddef>
#include <functional>

namespace igwas {

/// Called by the watching thread about ten times a second; may throw to stop the run.
using Watch = std::function<void()>;

/// Run `task(index, worker)` once for each index in [0, n_tasks), on `context.threads` threads.
///
/// Tasks are taken in ascending order. The first exception (of a task or of `watch`) stops the
/// taking of further tasks, lets running ones finish, and is rethrown here. `worker` is below
/// `context.threads`, so that callers can keep scratch memory for each.
void run_tasks(Context const& context, std::size_t n_tasks,
               std::function<void(std::size_t index, std::size_t worker)> const& task,
               Watch const& watch);

}  // namespace igwas
