// The whole test harness: CHECK counts failures, `exit_code` is what main returns.
#pragma once

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <source_location>

namespace igwas::testing {

/// Failures so far in this test program; programs are single-threaded where they check.
inline int failures = 0;

/// Where all that matters is whether something fails, the first is the last.
inline void count_failure() {
  ++failures;
#if defined(IGWAS_STOP_AT_FIRST_FAILURE)
  std::_Exit(1);
#endif
}

inline void check(bool holds, char const* claim,
                  std::source_location where = std::source_location::current()) {
  if (!holds) {
    std::cerr << where.file_name() << ':' << where.line() << ": " << claim << '\n';
    count_failure();
  }
}

/// Relative distance of `found` from `expected`; 0 if they are equal (also infinities), 1 or more
/// if they cannot be compared.
[[nodiscard]] inline double relative_error(double found, double expected) {
  if (found == expected) {
    return 0;
  }
  double const error = std::fabs(found - expected) / std::fabs(expected);
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

inline void check_close(double found, double expected, double tolerance,
                        std::source_location where = std::source_location::current()) {
  double const error = relative_error(found, expected);
  if (!(error <= tolerance)) {
    std::cerr.precision(17);
    std::cerr << where.file_name() << ':' << where.line() << ": found " << found << ", expected "
              << expected << " (relative error " << error << ")\n";
    count_failure();
  }
}

/// Runs `action`; a failure unless it throws `Exception`.
template <typename Exception, typename Action>
void check_throws(Action action, std::source_location where = std::source_location::current()) {
  try {
    action();
  } catch (Exception const&) {
    return;
  }
  check(false, "expected an exception", where);
}

[[nodiscard]] inline int exit_code() { return failures == 0 ? 0 : 1; }

}  // namespace igwas::testing

#define CHECK(claim) ::igwas::testing::check((claim), #claim)
