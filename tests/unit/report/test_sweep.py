import numpy as np
import pytest
from tests.reference import report_series
from tests.reference.statistics_fixture import write_statistics

from igwas.association.statistics_file import open_statistics
from igwas.phenotypes.eye_names import EyeColumns
from igwas.report.sweep import Wanted, sweep

# Series are kept in float32.
RELATIVE = 1e-6


@pytest.mark.parametrize("missing", ["mean", "drop"])
@pytest.mark.parametrize("slab", [7, 10_000])
def test_the_smallest_p_is_that_of_the_single_tables(tmp_path, missing, slab):
    truth = write_statistics(tmp_path / "s.h5", missing=missing, n_variants=90)
    with open_statistics(truth.path) as file:
        file.slab_rows = slab
        columns = np.array([0, 1, 3])
        found = sweep(file, Wanted({"some": columns, "one": columns[:1]}, {"omni": 1}, {}))
        expected = report_series.smallest_p(file, columns)
        np.testing.assert_allclose(found.series["some"], expected, rtol=RELATIVE)
        alone = report_series.smallest_p(file, [0])
        np.testing.assert_allclose(found.series["one"], alone, rtol=RELATIVE)
        omnibus = file.omnibus_log10p[:, 1]
        np.testing.assert_allclose(found.series["omni"], omnibus, rtol=RELATIVE)
        variants = file.variants()
    names = np.array(found.chromosome_names)[found.chromosome]
    assert names.tolist() == variants["chromosome"].tolist()
    assert found.position.tolist() == variants["position"].tolist()


def test_every_variant_is_accounted_for(tmp_path):
    truth = write_statistics(tmp_path / "s.h5")
    with open_statistics(truth.path) as file:
        found = sweep(file, Wanted({}, {}, {}))
        lost = sum(counts for _, _, counts in found.reasons)
        assert (found.n_tested + lost).tolist() == [file.n_variants] * file.n_masks
    assert "constant" in {name for name, _, _ in found.reasons}


def test_both_eyes_agree_in_the_best_dimension(scanned):
    with open_statistics(scanned.statistics) as file:
        pairs = EyeColumns.of(file.labels).pairs
        left, right = (np.array([pair[k] for pair in pairs]) for k in (1, 2))
        found = sweep(file, Wanted({}, {}, {"both": (left, right)}))
        expected = report_series.both_eyes_p(file, left, right)
    # The dimension is chosen by |t|, whose degrees of freedom differ a little between the eyes.
    np.testing.assert_allclose(found.series["both"], expected, rtol=1e-3)


def test_rows_near_a_place_are_those_of_its_chromosome(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_variants=60, chromosomes=("1", "2"))
    with open_statistics(truth.path) as file:
        found = sweep(file, Wanted({}, {}, {}))
        variants = file.variants()
    place = variants.iloc[40]
    rows = found.rows_near(place["chromosome"], place["position"] - 74, place["position"] + 74)
    assert rows.tolist() == [38, 39, 40, 41, 42]
    assert len(found.rows_near("1", place["position"], place["position"])) == 0


def test_progress_reaches_the_end(tmp_path):
    truth = write_statistics(tmp_path / "s.h5")
    calls = []
    with open_statistics(truth.path) as file:
        sweep(file, Wanted({}, {}, {}), lambda done, total: calls.append((done, total)))
        assert calls[-1] == (file.n_variants, file.n_variants)
