"""Faults put into the GPU backend one at a time: each must be caught by a test on the simulation.

    python cpp/tests/cuda_sim/mutants.py [NAME ...] [--library build/core/libigwas_core.a]

Sources are copied, one line of one file is changed, what depends on it is compiled again and the
tests run. Exit status 1 if a fault is caught by none, or if the tests fail without a fault.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TESTS = ("test_cuda_parts", "test_cuda_simulation", "test_cuda_arrays")
FLAGS = ("-std=c++20", "-O1", "-DIGWAS_CUDA_SIM", "-DIGWAS_STOP_AT_FIRST_FAILURE",
         "-Wno-unknown-pragmas", "-ffp-contract=off")  # fmt: skip
# A fault may make threads spin, or wait, for ever. Of the processor's time, so that a busy machine
# is no fault; the whole test takes 15.
CPU_SECONDS, SECONDS = 120, 3600


@dataclass(frozen=True)
class Mutant:
    """`old`, which is in the file once, becomes `new`."""

    name: str
    file: str
    old: str
    new: str


KERNEL, LAUNCH, LANE = "sum_rows.cuh", "launch.cu", "cuda_lane.cpp"
COLUMNS, CODES, DIGITS = "cuda_columns.cpp", "row_codes.cuh", "digit_columns.cpp"
TEST, COUNT, TABLES = "test_rows.cuh", "count_rows.cuh", "model_tables.cpp"
LANE_TESTS = "cuda_lane_tests.cpp"
ARRAYS, TAILS, SCAN = "array_rows.cuh", "tail_rows.cuh", "array_scan.cpp"
EXCHANGE = "device_array.cpp"
COPY_BACK = """  check(cudaMemcpyAsync(slot.sums.data(), slot.device_sums.data(), sum_bytes,
                        cudaMemcpyDeviceToHost, stream),
        "copy sums");
"""
RECORD = """  check(cudaEventRecord(slot.finished.get(), stream), "record an event");
"""

MUTANTS = (
    Mutant("no barrier before the first step is read", KERNEL,
           "  __syncthreads();\n  for (unsigned unit", "  for (unsigned unit"),
    Mutant("no barrier between steps", KERNEL, "    __syncthreads();\n", ""),
    Mutant("next step written over the one being read", KERNEL, "steps[1 - turn]", "steps[turn]"),
    Mutant("rows of a warp start one late", KERNEL,
           "first_row + lane / 4 + mma_columns * i;\n      // Rows",
           "first_row + 1 + lane / 4 + mma_columns * i;\n      // Rows"),
    Mutant("wrong distance between rows of sums", KERNEL,
           "static_cast<unsigned long long>(row) * with.n_columns",
           "static_cast<unsigned long long>(row) * tile_columns"),
    Mutant("digits swapped", KERNEL,
           "256LL * sums[n_digits * group + 1][i]",
           "256LL * sums[n_digits * group + 2][i]"),
    Mutant("high bytes of dosages lost", KERNEL,
           "sum = 256 * sum + sum_of_digits(sums[at", "sum = sum_of_digits(sums[at"),
    Mutant("third bytes of fine codes lost", KERNEL,
           "unsigned const at = i + n * plane;\n          sum",
           "unsigned const at = i + n * (plane % 2);\n          sum"),
    Mutant("bytes of dosages swapped", KERNEL,
           "unsigned const at = i + n * plane;\n        codes",
           "unsigned const at = i + n * (Rows::n_planes - 1 - plane);\n        codes"),
    Mutant("half of the tiles of dosages in two bytes not started", LAUNCH,
           "tiles(most_rows, tile_rows / planes_of(form))", "tiles(most_rows, tile_rows)"),
    Mutant("later parts of the samples repeat the first", KERNEL,
           "blockIdx.y) * with.n_units + first) * step_words",
           "blockIdx.y) * with.n_units) * step_words"),
    Mutant("idle warps skip their part of a step", KERNEL,
           "for (unsigned i = 0; has_next && i < thread_words; ++i) {\n      steps",
           "for (unsigned i = 0; has_rows && has_next && i < thread_words; ++i) {\n      steps"),
    Mutant("sum stored, not added", KERNEL,
           "atomicAdd(with.sums + static_cast<unsigned long long>(row) * with.n_columns + column,\n"
           "                    static_cast<unsigned long long>(sum));",
           "with.sums[static_cast<unsigned long long>(row) * with.n_columns + column] =\n"
           "              static_cast<unsigned long long>(sum);"),
    Mutant("last tile lost", LAUNCH, "return (n + size - 1) / size;",
           "return n < size ? 1 : n / size;"),
    Mutant("slot used again before its piece is back", LANE,
           "    finish(slot);\n    start(slot", "    start(slot"),
    Mutant("last piece lost", LANE,
           "left < lane_slots; ++left", "left + 1 < lane_slots; ++left"),
    Mutant("sums read without waiting for them", LANE,
           '  check(cudaEventSynchronize(slot.finished.get()), "sum a piece");\n', ""),
    Mutant("event before the copy it stands for", LANE, COPY_BACK + RECORD, RECORD + COPY_BACK),
    Mutant("sums of the last batch not cleared", LANE,
           "most_rows * resident_.needs.n_columns * sizeof(std::int64_t), stream",
           "0, stream"),
    Mutant("rows copied on another stream", LANE,
           "                        cudaMemcpyHostToDevice, stream),\n"
           '        "copy the list of rows");',
           "                        cudaMemcpyHostToDevice, slots_[0].stream.get()),\n"
           '        "copy the list of rows");'),
    Mutant("fault of a launch not noticed", LANE,
           "check(launch_sum_rows(arguments, most_rows, coding.form(), stream), "
           '"start the sums")',
           "static_cast<void>(launch_sum_rows(arguments, most_rows, coding.form(), stream))"),
    Mutant("genotypes of the piece before", LANE,
           "genotypes_of(batch, slot.first)", "genotypes_of(batch, 0)"),
    Mutant("lane on whichever GPU was chosen last", LANE,
           "resident.piece_rows) {\n  check(cudaSetDevice(resident_.gpu), \"select the GPU\");\n",
           "resident.piece_rows) {\n"),
    Mutant("out of memory gives up at once", LANE,
           "piece_rows_ <= least_piece_rows", "piece_rows_ <= most_piece_rows"),
    Mutant("checksum not compared", LANE, "if (found != expected)", "if (found + 1 == expected)"),
    Mutant("columns in use before they have arrived", COLUMNS,
           '      check(cudaDeviceSynchronize(), "copy the phenotypes");\n', ""),
    Mutant("effect and other allele swapped", CODES, "return 0x00010002U;", "return 0x02010000U;"),
    Mutant("missing dosage counted", CODES, "missing * (is_other ? 1U : 0xFFU)",
           "missing * (is_other ? 1U : 0xFEU)"),
    Mutant("missing dosage of two bytes counted", CODES, "missing * (is_other ? 1U : 0xFFFFU)",
           "missing * (is_other ? 1U : 0xFFFEU)"),
    Mutant("dosages of the second half of a word repeat the first", CODES,
           "half == 0 ? word.first : word.second", "half == 2 ? word.second : word.first"),
    Mutant("high byte of a dosage lost in its sum", CODES,
           "to.sum += code;\n        to.sum_of_squares += code * code;  //",
           "to.sum += code & 0xFFU;\n        to.sum_of_squares += code * code;  //"),
    Mutant("missing fine code counted", CODES, "return code != missing_fine ? known",
           "return code != 1 + missing_fine ? known"),
    Mutant("other allele of a fine code one off", CODES,
           "two_copies_fine - code : code;", "two_copies_fine - 1 - code : code;"),
    Mutant("fine codes of the second half of a word repeat the first", CODES,
           "half == 0 ? word.part[1] : word.part[3]", "half == 2 ? word.part[3] : word.part[1]"),
    Mutant("squares of fine codes in 32 bits", CODES,
           "static_cast<unsigned long long>(code) * code", "code * code"),
    Mutant("every fourth fine code by its neighbour's set", CODES,
           "(members & 64U)", "(members & 16U)"),
    Mutant("odd samples before even ones", DIGITS, "i / 2 + 4 * (i % 2)", "i"),
    Mutant("digit out of range", DIGITS, "((value + 128) & 255) - 128", "(value & 255)"),
    Mutant("products read before they are written", TEST,
           "  fill_products(fit, imputed.mean, thread);\n  __syncthreads();\n",
           "  fill_products(fit, imputed.mean, thread);\n"),
    Mutant("S read before it is known", TEST,
           "  __syncthreads();\n  fill_coefficients(fit", "  fill_coefficients(fit"),
    Mutant("counts stored before all have counted", TEST,
           "follows.\n  __syncthreads();\n", "follows.\n"),
    Mutant("row of the omnibus test used before it is solved", TEST,
           "    __syncthreads();\n    double const x", "    double const x"),
    Mutant("one place for all solved rows", TEST,
           "double const x = solved[row % 2];", "double const x = solved[0];"),
    Mutant("missing calls forgotten", TEST,
           "double const missing = fit.missing_row == no_row ?",
           "double const missing = fit.missing_row != 0 ?"),
    Mutant("sign of the counted allele lost", TEST,
           "fit.is_flipped ? -with.unit_of_code", "fit.is_flipped ? with.unit_of_code"),
    Mutant("phenotypes past the first block of threads lost", TEST,
           "k < fit.mask.n_phenotypes; k += block_threads",
           "k < fit.mask.n_phenotypes && k < block_threads; k += block_threads"),
    Mutant("low limb with the checksum's sum", TEST,
           "return column == with.checksum_column", "return column == with.n_columns"),
    Mutant("last word of a row not counted", COUNT,
           "at < with.n_words; at += block_threads", "at + 1 < with.n_words; at += block_threads"),
    Mutant("counts of the second set in place of the first", COUNT,
           "with.sets + static_cast<unsigned long long>(set) *", "with.sets + 0ULL *"),
    Mutant("missing calls of the variant before", COUNT,
           "with.missing_row[variant] = row;",
           "with.missing_row[variant] = row == no_row ? row : row - 1;"),
    Mutant("common allele counted", COUNT, "2 * all.sum >", "2 * all.sum <"),
    Mutant("tiles of missing calls not started", LANE,
           "launch_sum_rows(arguments, most_rows,", "launch_sum_rows(arguments, n_rows,"),
    Mutant("number of missing rows not cleared", LANE_TESTS,
           "0, sizeof(unsigned), stream", "0, 0, stream"),
    Mutant("tests read without waiting for them", LANE_TESTS,
           '  check(cudaEventSynchronize(slot.finished.get()), "test a piece");\n', ""),
    Mutant("genotypes that arrived not compared", LANE_TESTS,
           "found.word_sum != slot.word_sums[variant]",
           "found.word_sum + 1 == slot.word_sums[variant]"),
    Mutant("sums of tested rows not compared", LANE_TESTS,
           "  check_sum(found.called, found.is_flipped != 0 ? of_two - all.sum : all.sum);\n", ""),
    Mutant("factor by rows, not by columns", TABLES,
           "factor.push_back(omnibus.lower(row, column));",
           "factor.push_back(omnibus.lower(column, 0));"),
    Mutant("neighbours' calls swapped", ARRAYS,
           "codes[thread * word_samples + i]", "codes[thread * word_samples + (i ^ 1U)]"),
    Mutant("last sample packed as missing", ARRAYS,
           "sample < with.n_samples\n", "sample + 1 < with.n_samples\n"),
    Mutant("samples taken for side by side", ARRAYS, "sample * of.sample_stride]", "sample]"),
    Mutant("variants taken for side by side", ARRAYS, "variant * of.variant_stride +", "variant +"),
    Mutant("packed before the codes are there", ARRAYS,
           "    __syncthreads();\n    unsigned word", "    unsigned word"),
    Mutant("codes written over before they are packed", ARRAYS,
           "over this one.\n    __syncthreads();\n", "over this one.\n"),
    Mutant("last words packed past the row", ARRAYS,
           "if (first + thread < with.n_words) {", "if (first + thread <= with.n_words) {"),
    Mutant("samples that are left out packed", ARRAYS, "with.samples[sample]", "sample"),
    Mutant("last sample not looked at", ARRAYS,
           "threadIdx.x; sample < with.n_samples", "threadIdx.x; sample + 1 < with.n_samples"),
    Mutant("wrong value of the first variant named", ARRAYS,
           "variant * with.n_samples + sample);", "0 * with.n_samples + sample);"),
    Mutant("any wrong value named", ARRAYS, "atomicMin(with.first_wrong,",
           "*with.first_wrong = ("),
    Mutant("fractions not seen", ARRAYS, "has_fraction || !is_call(value)",
           "has_fraction && !is_call(value)"),
    Mutant("last sample's fine code packed as missing", ARRAYS,
           "place < with.n_samples", "place + 1 < with.n_samples"),
    Mutant("samples that are left out packed as fine codes", ARRAYS,
           "with.samples[place]", "place"),
    Mutant("what is not tested keeps its numbers", TAILS,
           "with.reason[of] == 0", "with.reason[of] != 255"),
    Mutant("degrees of freedom of the first mask", TAILS,
           "* with.n_masks + mask;", "* with.n_masks;"),
    Mutant("tail of a negative t", TAILS, "t < 0 ? -t : t", "t"),
    Mutant("last block of tails lost", LAUNCH,
           "(with.n_tests + block_threads - 1) / block_threads",
           "(with.n_tests + block_threads - 2) / block_threads"),
    Mutant("place read without waiting for it", SCAN,
           '  check(cudaStreamSynchronize(stream.get()), "look at genotypes");\n', ""),
    Mutant("place not cleared", SCAN, "0xFF, sizeof(Findings::first_wrong)", "0xFF, 0"),
    Mutant("genotypes of an array not looked at", SCAN,
           "is_empty ? RowCoding{} : inspect(genotypes)", "RowCoding{}"),
    Mutant("flag of fractions not cleared", SCAN,
           "0, sizeof(Findings::has_fraction)", "0, 0"),
    Mutant("as many lanes though memory is short", SCAN,
           "what.n_lanes == 1", "what.n_lanes >= 1"),
    Mutant("more people than sums hold", SCAN,
           "    require_fine_samples(model.file_rows.size());\n", ""),
    Mutant("fine codes in rows of hard calls", SCAN,
           "coding.kind, 0,", "GenotypeBatch::Kind::calls, 0,"),
    Mutant("scale of fine codes lost", SCAN, "    sums.scale = coding_.scale;\n", ""),
    Mutant("counts of fine codes taken for hard calls", LANE_TESTS,
           "resident_.array->coding, v", "RowCoding{}, v"),
    Mutant("task of an array starts where the one before did", SCAN,
           "workers[number]->run(first,", "workers[number]->run(first / 2,"),
    Mutant("array tests read without waiting for them", LANE_TESTS,
           '  check(cudaEventSynchronize(slot.finished.get()), "test a piece of an array");\n', ""),
    Mutant("coefficients of an array over those of the piece before", LANE_TESTS,
           "array.beta + at,", "array.beta,"),
    Mutant("every piece packs the first variants", LANE_TESTS,
           "rows_from(array, variant)", "rows_from(array, 0)"),
    Mutant("array in use before it has arrived", EXCHANGE,
           'check(cudaStreamSynchronize(stream_.get()), "wait for an array");', ""),
    Mutant("copy in use before it has arrived", EXCHANGE,
           '    check(cudaDeviceSynchronize(), "copy an array");\n', ""),
    Mutant("memory freed twice", EXCHANGE,
           "{ delete static_cast<HandedOut*>(of->owner); };",
           "{ FreeDevice{}(of->tensor.data); delete static_cast<HandedOut*>(of->owner); };"),
    Mutant("memory never freed", EXCHANGE,
           "{ delete static_cast<HandedOut*>(of->owner); };", "{ (void)of; };"),
    Mutant("what was lent is kept", EXCHANGE, "    tensor->release(tensor);\n", ""),
    Mutant("strides of another axis", EXCHANGE,
           "strides[axis] * shape[axis];", "strides[axis] * shape[axis - 1];"),
    Mutant("span without what lies before", EXCHANGE,
           "lowest += std::min<std::int64_t>(reach, 0);", "lowest += 0 * reach;"),
)  # fmt: skip


class Tree:
    """A copy of the sources, its objects, and the tests that they make."""

    def __init__(self, folder: Path, library: Path) -> None:
        self.folder, self.library = folder, library
        self.sources = folder / "cpp"
        for part in ("cuda", "tests"):
            shutil.copytree(ROOT / "cpp" / part, self.sources / part, dirs_exist_ok=True)
        self.sim = self.sources / "tests" / "cuda_sim"
        self._includes = [
            f"-I{path}"
            for path in (
                self.sim / "toolkit", self.sim, self.sources / "cuda", self.sources / "tests",
                ROOT / "cpp" / "include", ROOT / "cpp" / "src",
            )
        ]  # fmt: skip
        cuda = [p for p in sorted((self.sources / "cuda").glob("*.cpp"))
                if not p.stem.startswith("module")]  # fmt: skip
        simulation = [p for p in sorted(self.sim.glob("*.cpp")) if not p.stem.startswith("test_")]
        self.shared = [*cuda, *simulation]
        self.all = [*self.shared, *(self.sim / f"{name}.cpp" for name in TESTS)]

    def compile(self, source: Path, to: Path) -> None:
        """One object, and the list of files it was made of."""
        command = ("g++", *FLAGS, *self._includes, "-MMD", "-c", str(source), "-o", str(to))
        subprocess.run(command, check=True)

    def object_of(self, source: Path) -> Path:
        """The object without a fault."""
        return self.folder / f"{source.stem}.o"

    def depends(self, source: Path, on: Path) -> bool:
        """Whether the last object of a source was made of a file."""
        made_of = self.object_of(source).with_suffix(".d").read_text().replace("\\\n", " ").split()
        return any(Path(name).resolve() == on.resolve() for name in made_of[1:])

    def run(self, objects: dict[Path, Path], tests: tuple[str, ...] = TESTS) -> list[str]:
        """Link each test with all that is no test, and run it; the first that fails, or nothing."""
        for name in tests:
            main = self.sim / f"{name}.cpp"
            program = self.folder / name
            others = [source for source in objects if not source.stem.startswith("test_")]
            linked = [str(objects[source]) for source in (main, *others)]
            subprocess.run(
                ("g++", *linked, str(self.library), "-lpthread", "-ldl", "-o", str(program)),
                check=True,
            )
            try:
                done = subprocess.run(
                    [program], capture_output=True, timeout=SECONDS, check=False,
                    preexec_fn=lambda: resource.setrlimit(
                        resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS)
                    ),
                )  # fmt: skip
                is_good = done.returncode == 0
            except subprocess.TimeoutExpired:
                is_good = False
            if not is_good:
                return [name]
        return []

    def run_mutant(self, mutant: Mutant) -> list[str]:
        """The test that catches a fault, or nothing."""
        target = self.sources / "cuda" / mutant.file
        text = target.read_text()
        target.write_text(mutated(text, mutant))
        try:
            objects = {}
            for source in self.all:
                objects[source] = self.object_of(source)
                if self.depends(source, target):
                    objects[source] = self.folder / "mutant" / f"{source.stem}.o"
                    objects[source].parent.mkdir(exist_ok=True)
                    self.compile(source, objects[source])
            return self.run(objects, tests_for(mutant))
        finally:
            target.write_text(text)


def tests_for(mutant: Mutant) -> tuple[str, ...]:
    """All tests, those of arrays first where it is about arrays: they are quicker."""
    if mutant.file in (ARRAYS, TAILS, SCAN, EXCHANGE):
        return ("test_cuda_arrays", *(name for name in TESTS if name != "test_cuda_arrays"))
    return TESTS


def mutated(text: str, mutant: Mutant) -> str:
    """The file with the fault in it.

    Raises
    ------
    ValueError
        If the text to change is not there exactly once.
    """
    if text.count(mutant.old) != 1:
        raise ValueError(
            f"{mutant.file} has {mutant.old!r} {text.count(mutant.old)} times; expected once. "
            f"Bring the mutant {mutant.name!r} up to date."
        )
    return text.replace(mutant.old, mutant.new)


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen mutants, or all; print who caught each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--library", type=Path, default=ROOT / "build/core/libigwas_core.a")
    parser.add_argument("--work", type=Path, default=ROOT / "build/mutants")
    chosen = parser.parse_args(arguments)
    tree = Tree(chosen.work, chosen.library)
    for source in tree.all:
        tree.compile(source, tree.object_of(source))
    failing = tree.run({source: tree.object_of(source) for source in tree.all})
    if failing:
        print(f"{failing[0]} fails without a fault")
        return 1
    survivors = 0
    for mutant in MUTANTS:
        if chosen.names and mutant.name not in chosen.names:
            continue
        caught_by = tree.run_mutant(mutant)
        survivors += not caught_by
        print(f"{mutant.name}: {'caught by ' + caught_by[0] if caught_by else 'NOT CAUGHT'}",
              flush=True)  # fmt: skip
    return 1 if survivors else 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(main())
