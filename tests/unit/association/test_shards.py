"""Shards merged: the same file as one run, and what is refused."""

import json
import shutil

import h5py
import numpy as np
import pytest
from tests.reference.cohort_files import write_bed, write_cohort

import igwas
from igwas import ScanOptions, merge_shards, run_scan
from igwas.association import plan
from igwas.association.options import Shard
from igwas.errors import IncompleteFile, InputError, OptionError, OutputError, SchemaError

N_SHARDS = 3


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """A whole scan of 40 variants in blocks of 4, and its three shards."""
    folder = tmp_path_factory.mktemp("shards")
    cohort = write_cohort(folder, chromosomes=["1"] * 22 + ["X"] * 18)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "BLOCK_VARIANTS", 4)
        for name, shard in [
            ("whole", Shard()),
            *((f"shard{i}", Shard(i, N_SHARDS)) for i in range(1, N_SHARDS + 1)),
            ("half", Shard(1, 2)),
        ]:
            options = ScanOptions(mac=1, geno=1, hit_log10p=0.5, missing="drop", shard=shard)
            run_scan(cohort.bed, cohort.phenotypes, folder / f"{name}.h5", options=options)
        other = ScanOptions(mac=2, geno=1, hit_log10p=0.5, missing="drop", shard=Shard(2, N_SHARDS))
        run_scan(cohort.bed, cohort.phenotypes, folder / "other.h5", options=other)
    return folder


def shards_in(folder):
    return [folder / f"shard{i}.h5" for i in range(1, N_SHARDS + 1)]


def arrays_of(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[...]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    count = int(found["hits/count"][0])
    return {
        name: values[:count] if name.startswith("hits/") else values
        for name, values in found.items()
    }


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_merged_shards_are_one_run_bit_for_bit(scanned, tmp_path, order):
    shards = [shards_in(scanned)[i] for i in order]
    summary = merge_shards(shards, tmp_path / "merged.h5")
    expected, found = arrays_of(scanned / "whole.h5"), arrays_of(tmp_path / "merged.h5")
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        assert values.tolist() == found[name].tolist() or values.tobytes() == found[name].tobytes()
    assert (summary.n_shards, summary.n_variants) == (3, 40)
    assert summary.n_hits == len(expected["hits/variant"]) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["merged.h5"]


def test_a_merged_file_says_where_it_came_from_and_reads_as_a_whole(scanned, tmp_path):
    merge_shards(shards_in(scanned), tmp_path / "merged.h5")
    with h5py.File(tmp_path / "merged.h5") as file:
        assert file.attrs["shard"] == "1/1"
        assert json.loads(file.attrs["merged_from"]) == ["shard1.h5", "shard2.h5", "shard3.h5"]
        assert json.loads(file.attrs["inputs"]).keys() == {
            "genotypes",
            "genotypes (.bim)",
            "genotypes (.fam)",
            "phenotypes",
        }
    with igwas.open_statistics(tmp_path / "merged.h5") as statistics:
        assert statistics.is_complete
        assert statistics.n_variants == 40


def test_no_shard_is_an_option_error(tmp_path):
    with pytest.raises(OptionError, match="no shard is given"):
        merge_shards([], tmp_path / "out.h5")


def test_an_existing_output_is_kept_unless_asked(scanned, tmp_path):
    output = tmp_path / "out.h5"
    output.write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"exists; expected a new file.*--overwrite"):
        merge_shards(shards_in(scanned), output)
    assert output.read_bytes() == b"precious"
    merge_shards(shards_in(scanned), output, overwrite=True)
    assert arrays_of(output)["beta"].shape == (40, 2)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["shard1", "shard3"], "shard 2 is missing (1 in all)"),
        (["shard3"], "shard 1 is missing (2 in all)"),
        (["shard1", "shard1", "shard2", "shard3"], "4 files hold 3 different shards"),
        (["shard1", "other", "shard3"], "other.h5 is of another scan than"),
        (["half", "shard2", "shard3"], "shard2.h5 is of another scan than"),
        (["shard1", "half", "shard3"], "half.h5 is of another scan than"),
        (["whole", "shard1"], "shard1.h5 is of another scan than"),
    ],
)
def test_shards_that_do_not_make_one_scan_are_refused(scanned, tmp_path, names, text):
    with pytest.raises(InputError) as caught:
        merge_shards([scanned / f"{name}.h5" for name in names], tmp_path / "out.h5")
    assert text in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_shard_is_refused_by_name(scanned, tmp_path):
    unfinished = tmp_path / "shard2.h5"
    shutil.copy(scanned / "shard2.h5", unfinished)
    with h5py.File(unfinished, "r+") as file:
        file["/hits/count"][0] = -1
    shards = [scanned / "shard1.h5", unfinished, scanned / "shard3.h5"]
    with pytest.raises(IncompleteFile, match=r"shard2.h5 is unfinished.*--resume"):
        merge_shards(shards, tmp_path / "out.h5")


def test_files_that_are_no_statistics_are_refused(scanned, tmp_path):
    text = tmp_path / "text.h5"
    text.write_text("no HDF5")
    with pytest.raises(InputError, match="is no HDF5 file"):
        merge_shards([scanned / "shard1.h5", text], tmp_path / "out.h5")
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    with pytest.raises(SchemaError):
        merge_shards([tmp_path / "empty.h5"], tmp_path / "out.h5")


def test_a_missing_folder_is_an_output_error(scanned, tmp_path):
    with pytest.raises(OutputError, match=r"out\.h5: folder .* does not exist"):
        merge_shards(shards_in(scanned), tmp_path / "nowhere" / "out.h5")


def test_a_single_whole_scan_merges_to_itself(scanned, tmp_path):
    merge_shards([scanned / "whole.h5"], tmp_path / "out.h5")
    np.testing.assert_array_equal(
        arrays_of(tmp_path / "out.h5")["beta"], arrays_of(scanned / "whole.h5")["beta"]
    )


def test_a_shard_in_which_nothing_can_be_tested_is_no_error(tmp_path, monkeypatch):
    """One of a hundred shards may hold rare variants only; the merge needs it all the same."""
    monkeypatch.setattr(plan, "BLOCK_VARIANTS", 4)
    cohort = write_cohort(tmp_path, missing_rate=0.0)
    cohort.dosage[:4] = 0
    write_bed(cohort.bed, cohort.dosage, cohort.chromosomes, cohort.sex.tolist())
    for i in (1, 2):
        options = ScanOptions(mac=1, shard=Shard(i, 2))
        run_scan(cohort.bed, cohort.phenotypes, tmp_path / f"{i}.h5", options=options)
    merge_shards([tmp_path / "1.h5", tmp_path / "2.h5"], tmp_path / "out.h5")
    assert (
        np.isnan(arrays_of(tmp_path / "out.h5")["beta"]).all(axis=1).tolist()
        == [True] * 4 + [False] * 4
    )
