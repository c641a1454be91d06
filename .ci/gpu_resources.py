"""What nvcc makes of the kernels, by architecture: registers, spills and memory, as a page of docs.

    python .ci/gpu_resources.py -o docs/cuda-resources.md

Exit status 1 if a register is spilt or a warning is given.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "cpp" / "cuda" / "launch.cu"
ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)
KERNELS = {
    "list_rows": "list_rows", "count_rows.*CallRows": "count_rows, hard calls",
    "count_rows.*ByteRows": "count_rows, dosages of one byte",
    "count_rows.*CodeRows": "count_rows, dosages of two bytes",
    "count_rows.*FineRows": "count_rows, fine codes",
    "sum_rows.*CallRows": "sum_rows, hard calls",
    "sum_rows.*ByteRows": "sum_rows, dosages of one byte",
    "sum_rows.*CodeRows": "sum_rows, dosages of two bytes",
    "sum_rows.*FineRows": "sum_rows, fine codes", "test_rows": "test_rows",
    "check_valuesIa": "check_values, int8", "check_valuesIf": "check_values, float32",
    "check_valuesId": "check_values, float64", "pack_valuesIa": "pack_values, int8",
    "pack_valuesIf": "pack_values, float32", "pack_valuesId": "pack_values, float64",
    "pack_fineIf": "pack_fine, float32", "pack_fineId": "pack_fine, float64",
    "tail_rows": "tail_rows",
}  # fmt: skip
_HEAD = """# What nvcc makes of the kernels

Written by `make gpu-resources` with nvcc {version}; a test compares it with the compiler that is
there, if it is that version. A block has 128 threads, a multiprocessor 65,536 registers: 255
registers a thread let two blocks live on one. No register is spilt, and no thread needs a stack.

| kernel | shared memory, bytes | registers a thread on compute capability {columns} |
|---|---|{rules}
"""


def version() -> str:
    """The compiler's release."""
    text = subprocess.run(["nvcc", "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"release ([\d.]+)", text)[1]


def compile_for(architecture: int) -> str:
    """What ptxas says of every kernel."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["nvcc", "-std=c++20", "--fmad=false", f"-I{ROOT / 'cpp' / 'include'}",
             f"-arch=sm_{architecture}", "-Werror", "all-warnings", "-Xptxas=-v", "-cubin", SOURCE,
             "-o", Path(folder) / "launch.cubin"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stderr


def resources(report: str) -> dict[str, tuple[int, int, int]]:
    """Registers, shared memory and bytes spilt or on a stack, of each kernel."""
    found = {}
    parts = re.split(r"Compiling entry function '(\S+)'", report)
    for symbol, text in zip(parts[1::2], parts[2::2], strict=True):
        name = next(name for pattern, name in KERNELS.items() if re.search(pattern, symbol))
        spilt = re.findall(r"(\d+) bytes (?:stack frame|spill)", text)
        shared = re.search(r"(\d+) bytes smem", text)
        registers = re.search(r"Used (\d+) registers", text)
        found[name] = (int(registers[1]), int(shared[1]) if shared else 0, sum(map(int, spilt)))
    if found.keys() != set(KERNELS.values()):
        raise SystemExit(f"kernels found: {sorted(found)}; expected {sorted(KERNELS.values())}")
    return found


def page() -> tuple[str, bool]:
    """The page, and whether nothing is spilt."""
    by_architecture = {one: resources(compile_for(one)) for one in ARCHITECTURES}
    names = ", ".join(f"{one // 10}.{one % 10}" for one in ARCHITECTURES)
    lines = [_HEAD.format(version=version(), columns=names, rules="---|")]
    is_good = True
    for kernel in KERNELS.values():
        each = [by_architecture[one][kernel] for one in ARCHITECTURES]
        is_good = is_good and all(spilt == 0 for _, _, spilt in each)
        registers = ", ".join(str(registers) for registers, _, _ in each)
        lines.append(f"| {kernel} | {max(shared for _, shared, _ in each)} | {registers} |\n")
    return "".join(lines), is_good


def main(arguments: list[str] | None = None) -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    text, is_good = page()
    chosen.output.write_text(text)
    print(text if is_good else "a register is spilt: see " + str(chosen.output))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
