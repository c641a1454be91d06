"""kill -9 while results are made of statistics: no half file, and the command runs again."""

import time

import pytest
from tests import command
from tests.reference.eye_cohort import write_eye_cohort
from tests.statistics_arrays import assert_same_bits, read_arrays

from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.loci.run import run_loci

# Seconds after the first sign of the output, or after the start where none comes.
DELAYS = (0.0, 0.02, 0.3)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    cohort = write_eye_cohort(folder, n_blocks=4)
    run_scan(cohort.bed, cohort.phenotypes, folder / "s.h5", options=ScanOptions())
    run_loci(folder / "s.h5", folder / "l.tsv", json_output=folder / "l.json")
    return folder


def words_of(name, made, output):
    return {
        "project": ("project", made / "s.h5", "--principal-components", 2, "-o", output),
        "loci": ("loci", made / "s.h5", "-o", output),
        "report": ("report", made / "s.h5", "--loci", made / "l.json", "-o", output,
                   "--regional", 0),
    }[name]  # fmt: skip


@pytest.mark.parametrize("name", ["project", "loci", "report"])
def test_a_killed_command_leaves_nothing_under_its_name_and_runs_again(made, tmp_path, name):
    output = tmp_path / "out"
    for delay in DELAYS:
        process = command.start(*words_of(name, made, output))
        command.wait_until(process, lambda: list(tmp_path.iterdir()))
        time.sleep(delay)
        command.kill(process)
        # Renamed when complete: it is there whole or not at all.
        output.unlink(missing_ok=True)
    again = command.run(*words_of(name, made, output))
    assert again.returncode == 0, again.stderr
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("out.p")]
    other = tmp_path / "other"
    assert command.run(*words_of(name, made, other)).returncode == 0
    if name == "project":
        assert_same_bits(read_arrays(output), read_arrays(other))
    elif name == "loci":
        assert output.read_text() == other.read_text()
    else:
        assert output.read_text().endswith("</html>")
