from unittest import mock

import pytest
from tests.unit.benchmark.conftest import SHAPE, Honest

from igwas.benchmark import child
from igwas.benchmark.child import Command, CommandFailed, Usage
from igwas.benchmark.cohort import BenchmarkCohort
from igwas.benchmark.engines.engine import Job
from igwas.benchmark.engines.plink2 import Plink2Exact
from igwas.benchmark.journal import Journal
from igwas.benchmark.rounds import Task, cost, run_rounds, spread, variant_counts


class Named(Honest):
    def command(self, job: Job):
        assert list(job.folder.iterdir()) == []
        (job.folder / "left").touch()
        return Command(("true", str(job.n_variants)), job.folder)


@pytest.fixture
def tasks(cohort):
    return [Task(f"honest, {n}", Named(), cohort, n, 1) for n in (10, 20, 30)]


def usages(*seconds):
    return [Usage(value, value / 2, 1000) for value in seconds]


def record(n_variants, *seconds):
    return {"n_variants": n_variants, "wall_seconds": spread(seconds)}


def test_engines_take_turns_within_each_round(tasks, tmp_path):
    journal = Journal(tmp_path / "j", is_resumed=False)
    with mock.patch.object(child, "run", side_effect=usages(*range(1, 7))) as run:
        records = run_rounds(tasks, 2, work=tmp_path, journal=journal)
    assert [call.args[0].arguments[1] for call in run.call_args_list] == ["10", "20", "30"] * 2
    assert [item["wall_seconds"]["median"] for item in records] == [2.5, 3.5, 4.5]
    assert records[0]["runs"][1] == {"wall_seconds": 4, "cpu_seconds": 2, "peak_bytes": 1000}
    assert [item.name for item in tmp_path.iterdir()] == ["j"]


def test_rounds_that_were_measured_are_not_repeated(tasks, tmp_path):
    path = tmp_path / "j"
    with (
        mock.patch.object(child, "run", side_effect=[*usages(1, 2), CommandFailed("stopped")]),
        pytest.raises(CommandFailed),
    ):
        run_rounds(tasks, 2, work=tmp_path, journal=Journal(path, is_resumed=False))
    with mock.patch.object(child, "run", side_effect=usages(3, 4, 5, 6)) as run:
        records = run_rounds(tasks, 2, work=tmp_path, journal=Journal(path, is_resumed=True))
    assert run.call_count == 4
    assert [[r["wall_seconds"] for r in item["runs"]] for item in records] == [
        [1, 4],
        [2, 5],
        [3, 6],
    ]


def test_progress_counts_every_run(tasks, tmp_path):
    told = []
    journal = Journal(tmp_path / "j", is_resumed=False)
    with mock.patch.object(child, "run", side_effect=usages(*range(6))):
        run_rounds(
            tasks, 2, work=tmp_path, journal=journal, progress=lambda *counts: told.append(counts)
        )
    assert told == [(done, 6) for done in range(1, 7)]


def test_cost_is_the_line_through_two_numbers_of_variants():
    found = cost(record(100, 3.0, 3.1, 2.9), record(500, 5.0, 5.1, 4.9), "wall_seconds")
    assert found["seconds_per_variant"] == pytest.approx(0.005)
    assert found["fixed_seconds"] == pytest.approx(2.5)
    assert found["variants_per_second_marginal"] == pytest.approx(200)
    assert found["variants_per_second_whole"] == pytest.approx(100)


@pytest.mark.parametrize("many", [(3.0, 4.0, 5.0), (2.0, 2.0, 2.0)])
def test_a_difference_that_is_noise_is_no_cost(many):
    found = cost(record(100, 3.0, 3.1, 2.9), record(500, *many), "wall_seconds")
    assert found["seconds_per_variant"] is None
    assert found["variants_per_second_marginal"] is None
    assert found["variants_per_second_whole"] is not None


def test_one_number_of_variants_gives_no_marginal_cost():
    same = record(100, 3.0)
    assert cost(same, same, "wall_seconds")["seconds_per_variant"] is None


def test_a_fast_engine_gets_all_variants_and_a_slow_one_what_it_can_do_in_time(tmp_path):
    shape = SHAPE.with_changes(n_samples=65_629, n_phenotypes=128, n_variants=20_000)
    cohort = BenchmarkCohort(tmp_path, shape)
    assert variant_counts(Honest(), cohort, 30) == (4_000, 20_000)
    assert variant_counts(Plink2Exact(), cohort, 30) == (48, 240)
    assert variant_counts(Plink2Exact(), cohort, 0.1) == (10, 20)
