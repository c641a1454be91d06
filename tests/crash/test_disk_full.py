"""No room for the result: one clear line, and with room the run goes on to the same bits."""

import resource
import shutil
import subprocess

import pytest
from tests import command
from tests.cohort_files import write_random_cohort
from tests.crash.test_kill import Files
from tests.statistics_arrays import assert_same_bits, read_arrays

from igwas.association.statistics_file import open_statistics
from igwas.association.statistics_writer import read_done

# 1.5 million tests, all of them kept as hits: the journal of hits (40 bytes each, 61 MB) outgrows
# the statistics file (44 MB, one million hits at most), so that a limit can fall between the two.
N_VARIANTS, N_PHENOTYPES = 12_000, 128
EVERY_TEST_IS_A_HIT = ("--hit-log10p", "0")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return write_random_cohort(
        tmp_path_factory.mktemp("cohort"),
        n_samples=100, n_variants=N_VARIANTS, n_phenotypes=N_PHENOTYPES, seed=3,
    )  # fmt: skip


def arguments(cohort, output, *more):
    return (
        "assoc", cohort.bed, cohort.phenotypes, "-o", output, "--geno", "1", "--threads", "2",
        "-q", *EVERY_TEST_IS_A_HIT, *more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def one_run(cohort, tmp_path_factory):
    output = tmp_path_factory.mktemp("one_run") / "statistics.h5"
    finished = command.run(*arguments(cohort, output))
    assert finished.returncode == 0, finished.stderr
    return output


def limit_file_size(n_bytes):
    """What a child process does before it starts; Python itself ignores the signal SIGXFSZ."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    return limit


def assert_one_clear_line(failed, words, *, is_kept=True):
    assert failed.returncode == 1, failed.stderr
    assert "Traceback" not in failed.stderr
    assert len(command.error_lines(failed.stderr)) == 1, failed.stderr
    assert words in failed.stderr
    assert ("--resume, which keeps what is done" in failed.stderr) == is_kept


def assert_resume_gives(cohort, output, one_run):
    finished = command.run(*arguments(cohort, output, "--resume"))
    assert finished.returncode == 0, finished.stderr
    assert_same_bits(read_arrays(output), read_arrays(one_run), but=())
    files = Files(output)
    assert not files.partial.exists()
    assert not files.journal.exists()


def test_no_room_for_the_layout_leaves_nothing_behind(tmp_path, cohort, one_run):
    size = one_run.stat().st_size
    output = tmp_path / "statistics.h5"
    for limit in (4_096, size // 20, size // 2, size - 1):
        failed = command.run(*arguments(cohort, output), preexec_fn=limit_file_size(limit))
        assert_one_clear_line(failed, "file too large", is_kept=False)
        assert list(tmp_path.iterdir()) == []
    assert_resume_gives(cohort, output, one_run)


def test_no_room_in_the_middle_of_a_scan_keeps_what_is_done(tmp_path, cohort, one_run):
    output = tmp_path / "statistics.h5"
    size = one_run.stat().st_size
    failed = command.run(*arguments(cohort, output), preexec_fn=limit_file_size(size + 100_000))
    assert_one_clear_line(failed, "file too large")
    is_done = read_done(Files(output).partial)
    assert 0 < is_done.sum() < len(is_done)
    assert_resume_gives(cohort, output, one_run)


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of a given size; needs root and the right to mount."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(n_bytes, *, again=False):
        options = f"{'remount,' if again else ''}size={n_bytes}"
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if shutil.which("mount") is None:
            pytest.skip("no mount command")
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
        return folder

    yield mount
    subprocess.run(["umount", str(folder)], capture_output=True, check=False)


@pytest.mark.parametrize("spare_bytes", [-10_000_000, 5_000_000])
def test_a_full_disk_is_said_and_resume_works_after_space_is_made(
    small_disk, cohort, one_run, spare_bytes
):
    """Room that ends while the file is laid out, then while hits are written."""
    size = one_run.stat().st_size
    output = small_disk(size + spare_bytes) / "statistics.h5"
    failed = command.run(*arguments(cohort, output))
    is_kept = spare_bytes > 0
    assert_one_clear_line(failed, "the disk is full", is_kept=is_kept)
    assert Files(output).partial.exists() == is_kept
    again = command.run(*arguments(cohort, output, "--resume"))
    assert_one_clear_line(again, "the disk is full", is_kept=is_kept)
    small_disk(4 * size, again=True)
    assert_resume_gives(cohort, output, one_run)


def test_a_merge_without_room_leaves_nothing_behind(tmp_path, cohort, one_run):
    shards = []
    for number in (1, 2):
        shards.append(tmp_path / f"shard_{number}.h5")
        part = arguments(cohort, shards[-1], "--shard", f"{number}/2")
        assert command.run(*part).returncode == 0
    size = one_run.stat().st_size
    merged = tmp_path / "merged.h5"
    limit = limit_file_size(size // 2)
    failed = command.run("merge", *shards, "-o", merged, preexec_fn=limit)
    assert failed.returncode == 1
    assert len(command.error_lines(failed.stderr)) == 1
    assert "Traceback" not in failed.stderr
    assert sorted(tmp_path.iterdir()) == shards


@pytest.mark.parametrize("kilobytes", [1, 20, 100])
def test_a_simulated_cohort_without_room_names_its_folder(tmp_path, kilobytes):
    folder = tmp_path / "cohort"
    failed = command.run(
        "simulate", "-o", folder, "--samples", "60", "--variants", "9000", "--phenotypes", "4",
        preexec_fn=limit_file_size(kilobytes * 1024),
    )  # fmt: skip
    assert failed.returncode == 1, failed.stderr
    (line,) = command.error_lines(failed.stderr)
    assert line.startswith(f"error: {folder}: file too large; expected room"), failed.stderr
    assert "--resume" not in line
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["x.tsv", "x.tsv.gz", "x.parquet"])
@pytest.mark.parametrize("n_bytes", [0, 4096])
def test_an_export_without_room_names_its_file(tmp_path, one_run, name, n_bytes):
    output = tmp_path / name
    with open_statistics(one_run) as file:
        phenotype = file.phenotype_names[0]
    failed = command.run(
        "sumstats", one_run, "--phenotype", phenotype, "-o", output,
        preexec_fn=limit_file_size(n_bytes),
    )  # fmt: skip
    assert failed.returncode == 1, failed.stderr
    (line,) = command.error_lines(failed.stderr)
    assert line.startswith(f"error: {output}: file too large; expected room"), failed.stderr
    assert "--resume" not in line
    assert list(tmp_path.iterdir()) == []
