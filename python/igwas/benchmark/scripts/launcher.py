"""Run a command and write what it used: python -I -S launcher.py RESULT.json COMMAND ...

The system counts a child's peak memory from that of the process that made it; this one is small
(about 10 MB), so that the peak it reports is the command's own.
"""

import json
import os
import sys
import time


def main() -> int:
    """Run, wait, write; the status is the command's own."""
    result, command = sys.argv[1], sys.argv[2:]
    start = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    # Kibibytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    used = {
        "wall_seconds": wall,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * unit,
    }
    with open(result, "w") as stream:  # noqa: PTH123 - pathlib doubles the size of this process
        json.dump(used, stream)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
