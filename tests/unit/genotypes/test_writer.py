import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from igwas import _core
from igwas.context import Context
from igwas.errors import OptionError, OutputError
from igwas.genotypes.convert import ConvertOptions, convert
from igwas.genotypes.encoding import pack_hardcalls
from igwas.genotypes.genotype_file import open_genotypes
from igwas.genotypes.sample_tables import make_samples
from igwas.genotypes.writer import GenotypeWriter, check_output
from igwas.provenance import root_attributes
from igwas.schema import GENOTYPES, validate

CODE_DOSAGE = np.array([2, np.nan, 1, 0])


@pytest.fixture
def bed(tmp_path, cohort, write):
    return write.bed(tmp_path / "x", cohort)


def converted(bed, context, **options):
    out = bed.with_name("out.h5")
    convert(bed, out, options=ConvertOptions(overwrite=True, **options), context=context)
    return out


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("rows", [1, 3, 20, 64, None])
def test_h5py_reads_the_chunks_natively(bed, cohort, context, raw, rows):
    out = converted(bed, context, raw=raw, rows_per_chunk=rows)
    with h5py.File(out) as file:
        validate(file, GENOTYPES)
        packed = file["/genotypes/hardcalls"][:]
    codes = ((packed[:, :, None] >> np.array([0, 2, 4, 6], np.uint8)) & 3).reshape(20, -1)
    np.testing.assert_array_equal(CODE_DOSAGE[codes[:, :13]], cohort.dosage)
    assert not codes[:, 13:].any()  # padding is zero


@pytest.mark.parametrize("raw", [False, True])
def test_checksums_are_those_of_the_stored_bytes(bed, context, raw):
    out = converted(bed, context, raw=raw, rows_per_chunk=3)
    data = out.read_bytes()
    with open_genotypes(out) as genotypes:
        index = genotypes.chunks
    assert index.codec == ("raw" if raw else "zstd")
    assert len(index) == 7
    for offset, size, crc32c in zip(index.offset, index.size, index.crc32c, strict=True):
        stored = data[offset : offset + size]
        assert _core.crc32c(stored) == crc32c
        if not raw:
            stored = _core.zstd_decompress(stored, 3 * 4)
        assert len(stored) == 3 * 4  # the last chunk is stored whole too


def test_threads_level_and_chunks_change_no_genotype(bed, cohort):
    for threads in (1, 2, 7):
        for level, rows in ((1, 2), (19, 7)):
            out = converted(
                bed, Context(threads=threads), compression_level=level, rows_per_chunk=rows
            )
            with open_genotypes(out) as genotypes:
                np.testing.assert_array_equal(genotypes[:], cohort.dosage)


def test_same_input_gives_the_same_chunks_for_any_number_of_threads(bed):
    stored = []
    for threads in (1, 4):
        out = converted(bed, Context(threads=threads), rows_per_chunk=2)
        with open_genotypes(out) as genotypes:
            stored.append(genotypes.chunks.crc32c.tolist())
    assert stored[0] == stored[1]


def test_provenance_is_recorded(bed, context):
    with h5py.File(converted(bed, context)) as file:
        assert file.attrs["format"] == "igwas genotypes"
        assert '"bim"' in file.attrs["inputs"]
        assert '"compression_level"' in file.attrs["options"]


def test_nothing_is_left_when_the_writer_fails(tmp_path):
    samples = make_samples(["A", "B"], source="x")
    attributes = root_attributes(GENOTYPES)
    writer = GenotypeWriter(
        tmp_path / "x.h5", samples, "hardcalls", attributes=attributes, context=Context()
    )
    assert (tmp_path / "x.h5.partial").exists()
    with pytest.raises(ZeroDivisionError), writer:
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_more_text_than_a_slab_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("igwas.genotypes.writer._TEXT_SLAB", 4)
    samples = make_samples(["A", "B"], source="x")
    with GenotypeWriter(
        tmp_path / "x.h5", samples, "hardcalls", attributes=root_attributes(GENOTYPES),
        context=Context(threads=1), rows_per_chunk=5,
    ) as writer:  # fmt: skip
        for start in range(0, 30, 3):
            names = [f"v{i}" for i in range(start, start + 3)]
            writer.append(
                pack_hardcalls(np.full((3, 2), start % 3, np.int8)),
                codes=np.zeros(3, np.int16), positions=np.arange(start, start + 3),
                ids=names, effect_alleles=["A"] * 3, other_alleles=["T" * 10_000] * 3,
            )  # fmt: skip
        writer.finish(["7"])
    with open_genotypes(tmp_path / "x.h5") as genotypes:
        assert genotypes.variants(0, 30)["id"].tolist() == [f"v{i}" for i in range(30)]
        assert genotypes.variants(29, 30)["other_allele"].tolist() == ["T" * 10_000]


@pytest.mark.parametrize("rows", [0, -1, 2**40])
def test_impossible_chunk_is_an_option_error(tmp_path, rows):
    with pytest.raises(OptionError, match="rows per chunk"):
        GenotypeWriter(
            tmp_path / "x.h5", make_samples(["A"], source="x"), "hardcalls",
            attributes=root_attributes(GENOTYPES), context=Context(), rows_per_chunk=rows,
        )  # fmt: skip


def test_output_that_exists_is_refused_unless_overwritten(tmp_path):
    path = tmp_path / "x.h5"
    path.write_text("mine")
    with pytest.raises(OutputError, match="--overwrite"):
        check_output(path, overwrite=False, inputs={})
    check_output(path, overwrite=True, inputs={})
    assert path.read_text() == "mine"


def test_output_that_is_an_input_is_refused(tmp_path):
    path = tmp_path / "x.bed"
    path.write_text("")
    with pytest.raises(OutputError, match="is one of the inputs"):
        check_output(path, overwrite=True, inputs={"bed": path})


def test_output_folder_must_exist(tmp_path):
    with pytest.raises(OutputError, match="nowhere does not exist"):
        check_output(tmp_path / "nowhere" / "x.h5", overwrite=False, inputs={})
    with pytest.raises(OutputError, match="is a folder"):
        check_output(tmp_path, overwrite=True, inputs={})


LIMITED = """
import resource, sys
from igwas.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
main(["genotypes", sys.argv[2], "-o", sys.argv[3], "--rows-per-chunk", "1", "--raw"])
"""


@pytest.mark.parametrize("limit", [0, 3000, 9000, 20_000])
def test_full_disk_is_one_line_and_leaves_nothing(bed, limit):
    # A limit on file size meets the same code as a full disk, and needs no mount.
    folder = bed.parent / "out"
    folder.mkdir()
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit), str(bed), str(folder / "x.h5")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1, run.stderr
    assert run.stderr.startswith("error: ")
    assert "cannot be written (File too large)" in run.stderr
    assert run.stderr.count("\n") == 1
    assert not list(folder.iterdir())


SLOW = """
import sys, time
import numpy as np
from igwas.genotypes import convert
original = convert._append
def slowly(*arguments):
    original(*arguments)
    print("appended", flush=True)
    time.sleep(60)
convert._append = slowly
from igwas.cli.main import main
main(["genotypes", sys.argv[1], "-o", sys.argv[2]])
"""


@pytest.mark.parametrize(
    ("sent", "left"), [("SIGINT", []), ("SIGKILL", ["x.h5.lock", "x.h5.partial"])]
)
def test_interrupted_run_leaves_no_output_and_the_next_succeeds(bed, context, sent, left):
    folder = bed.parent / "out"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, str(bed), str(folder / "x.h5")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        # A shell starts what runs in the background with interrupts ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as run:  # fmt: skip
        assert run.stdout.readline() == b"appended\n"
        time.sleep(0.2)
        run.send_signal(getattr(signal, sent))
        assert run.wait(30) == (130 if sent == "SIGINT" else -signal.SIGKILL)
    assert sorted(path.name for path in folder.iterdir()) == left
    convert(bed, folder / "x.h5", context=context)
    assert [path.name for path in folder.iterdir()] == ["x.h5"]
