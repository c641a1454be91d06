"""Eye and dimension go with a phenotype from its file to scan, merge, projection and export."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from tests.reference.eye_cohort import N_DIMENSIONS, N_SAMPLES, write_eye_cohort
from tests.reference.statistics_fixture import write_statistics

from igwas.association import plan
from igwas.association.combined_eyes import combined_labels
from igwas.association.options import ScanOptions, Shard
from igwas.association.project import project
from igwas.association.scan import run_scan
from igwas.association.shards import merge_shards
from igwas.association.statistics_file import open_statistics
from igwas.association.weights import principal_components, read_weights, subset_weights
from igwas.errors import InputError
from igwas.inspection.describe import describe_file
from igwas.loci.find import find_loci
from igwas.phenotypes.phenotypes_file import write_phenotypes
from igwas.phenotypes.table import read_phenotypes
from igwas.sumstats.export import export_sumstats
from igwas.sumstats.options import ExportOptions

LABELS = [(eye, f"dim_{k:03d}") for eye in ("left", "right", "mean", "difference")
          for k in range(N_DIMENSIONS)]  # fmt: skip


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return write_eye_cohort(tmp_path_factory.mktemp("eyes"))


@pytest.fixture(scope="module")
def renamed(cohort, tmp_path_factory):
    """The cohort's phenotypes under names that say nothing, or something else."""
    path = tmp_path_factory.mktemp("renamed") / "p.h5"
    values = read_phenotypes(cohort.phenotypes).values
    names = [f"q{k}" for k in range(len(LABELS) - 1)] + ["left_height"]
    write_phenotypes(
        path, [f"S{i}" for i in range(N_SAMPLES)], names, values,
        extra={"/phenotypes/eye": [eye for eye, _ in LABELS],
               "/phenotypes/dimension": [dimension for _, dimension in LABELS]},
    )  # fmt: skip
    return path, names


@pytest.fixture(scope="module")
def scanned(cohort, renamed, tmp_path_factory):
    output = tmp_path_factory.mktemp("scan") / "s.h5"
    run_scan(cohort.bed, renamed[0], output, options=ScanOptions())
    return output


def test_the_scan_stores_what_the_phenotype_file_says(scanned, renamed):
    with open_statistics(scanned) as file:
        assert file.labels == LABELS
        assert file.phenotype_names == renamed[1]
    with h5py.File(scanned) as file:
        assert file["/phenotypes/eye"].asstr()[0] == "left"
        assert file["/phenotypes/dimension"].asstr()[-1] == "dim_002"


def test_some_of_the_phenotypes_keep_their_eyes(cohort, renamed, tmp_path):
    options = ScanOptions(phenotype_columns=("q7", "q0"))
    run_scan(cohort.bed, renamed[0], tmp_path / "s.h5", options=options)
    with open_statistics(tmp_path / "s.h5") as file:
        assert file.labels == [LABELS[7], LABELS[0]]


def test_phenotypes_that_are_left_out_take_their_eyes_along(cohort, tmp_path):
    values = read_phenotypes(cohort.phenotypes).values[:, :3].copy()
    values[:, 1] = 4.0
    write_phenotypes(
        tmp_path / "p.h5", [f"S{i}" for i in range(N_SAMPLES)], ["x", "y", "z"], values,
        extra={"/phenotypes/eye": ["left", "mean", "right"],
               "/phenotypes/dimension": ["a", "a", "a"]},
    )  # fmt: skip
    options = ScanOptions(skip_untestable=True)
    run_scan(cohort.bed, tmp_path / "p.h5", tmp_path / "s.h5", options=options)
    with open_statistics(tmp_path / "s.h5") as file:
        assert file.labels == [("left", "a"), ("right", "a")]


def test_a_table_is_read_by_its_names(cohort, tmp_path):
    values = read_phenotypes(cohort.phenotypes).values[:, :3]
    names = ["left_a", "right_a", "mean_corpuscular_volume"]
    frame = pd.DataFrame(values, columns=names)
    frame.insert(0, "IID", [f"S{i}" for i in range(N_SAMPLES)])
    frame.to_csv(tmp_path / "p.tsv", sep="\t", index=False, na_rep="NA")
    run_scan(cohort.bed, tmp_path / "p.tsv", tmp_path / "s.h5", options=ScanOptions())
    with open_statistics(tmp_path / "s.h5") as file:
        assert file.labels == [("left", "a"), ("right", "a"), ("none", "mean_corpuscular_volume")]
    # The mean of something else is tested with the others, not instead of them.
    assert len(find_loci(tmp_path / "s.h5").columns) == 3


def test_embeddings_averaged_by_the_scan_are_of_no_eye(cohort, tmp_path):
    from igwas.provenance import root_attributes
    from igwas.schema import EMBEDDINGS

    with h5py.File(tmp_path / "e.h5", "w") as file:
        ids = [f"S{i}" for i in range(N_SAMPLES)]
        text = h5py.string_dtype()
        for name in ("image_id", "participant_id", "eye", "visit"):
            file.create_dataset(name, data=["left"] * N_SAMPLES if name == "eye" else ids,
                                dtype=text)  # fmt: skip
        file["embedding"] = np.random.default_rng(1).normal(size=(N_SAMPLES, 2)).astype("f4")
        file["quality"] = np.ones(N_SAMPLES, "f4")
        file.create_dataset("dimension_name", data=["left_a", "right_a"], dtype=text)
        file.attrs.update(root_attributes(EMBEDDINGS))
    assert read_phenotypes(tmp_path / "e.h5").labels == (("none", "left_a"), ("none", "right_a"))


def test_loci_go_by_what_the_file_says_not_by_names(scanned, renamed):
    result = find_loci(scanned)
    names = renamed[1]
    assert [names[column] for column in result.columns] == ["q6", "q7", "q8"]
    assert result.pairs.dimensions == ["dim_000", "dim_001", "dim_002"]
    assert result.control["n_phenotypes"] == 3


def test_files_without_the_arrays_are_read_by_their_names(tmp_path):
    truth = write_statistics(tmp_path / "s.h5")
    with h5py.File(truth.path, "r+") as file:
        file["/phenotypes/name"][:2] = ["left_a", "right_a"]
    with open_statistics(truth.path) as file:
        assert file.labels[:3] == [("left", "a"), ("right", "a"), ("none", "dimension_002")]


def test_shards_merged_keep_the_eyes_and_disagreeing_ones_are_refused(
    cohort, renamed, tmp_path, monkeypatch
):
    monkeypatch.setattr(plan, "BLOCK_VARIANTS", 32)
    shards = []
    for number in (1, 2):
        shards.append(tmp_path / f"{number}.h5")
        options = ScanOptions(shard=Shard(number, 2))
        run_scan(cohort.bed, renamed[0], shards[-1], options=options)
    merge_shards(shards, tmp_path / "m.h5")
    with open_statistics(tmp_path / "m.h5") as file:
        assert file.labels == LABELS
    with h5py.File(shards[0], "r+") as file:
        del file["/phenotypes/eye"]
    merge_shards(shards, tmp_path / "m.h5", overwrite=True)
    with open_statistics(tmp_path / "m.h5") as file:
        assert file.labels == LABELS
    with h5py.File(shards[0], "r+") as file:
        eyes = ["right", *(eye for eye, _ in LABELS[1:])]
        file.create_dataset("/phenotypes/eye", data=eyes, dtype=h5py.string_dtype())
        file["/phenotypes/dimension"][0] = "new"
    with pytest.raises(InputError, match=r"says eye 'left' of phenotype 1 and .*'right'"):
        merge_shards(shards, tmp_path / "n.h5")
    assert not (tmp_path / "n.h5").exists()


def test_a_projection_says_which_eyes_its_combinations_are_of(scanned, tmp_path):
    def labels_of(choose):
        project(scanned, tmp_path / "p.h5", choose, overwrite=True)
        with open_statistics(tmp_path / "p.h5") as file:
            return file.labels

    assert labels_of(lambda f: subset_weights(f, ["q4", "q1"])) == [LABELS[4], LABELS[1]]
    assert labels_of(lambda f: principal_components(f, 2, mask=0)) == [
        ("left", "pc_001"), ("left", "pc_002"),
    ]  # fmt: skip
    (tmp_path / "w.tsv").write_text(
        "phenotype\tleft_s\tright_s\nq0\t1\t0\nq1\t2\t0\nq3\t0\t1\nq4\t0\t2\n"
    )
    found = labels_of(lambda f: read_weights(tmp_path / "w.tsv", f.phenotype_names))
    assert found == [("left", "s"), ("right", "s")]
    assert find_loci(tmp_path / "p.h5").pairs.dimensions == ["s"]


def test_combinations_of_several_eyes_are_of_none_and_unequal_ones_do_not_pair():
    labels = [("left", "a"), ("left", "b"), ("right", "a"), ("right", "b"), ("none", "h")]
    weights = np.array(
        [[1.0, 0, 1, 0, 2], [1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 2, 0, 0, 0], [0, 0, 0, 1, 0]]
    )
    names = ["left_s", "right_s", "both", "height", "left_scaled"]
    assert combined_labels(names, weights, labels) == [
        ("left", "left_s"), ("right", "right_s"), ("none", "both"), ("none", "height"),
        ("left", "scaled"),
    ]  # fmt: skip


def test_exports_and_inspection_say_the_eyes(scanned, tmp_path):
    options = ExportOptions(phenotype="q4", format="regenie")
    summary = export_sumstats(scanned, tmp_path / "q4.txt", options=options)
    provenance = json.loads(summary.sidecar_path.read_text())
    assert (provenance["eye"], provenance["dimension"]) == LABELS[4]
    options = ExportOptions(phenotype="all", format="parquet")
    export_sumstats(scanned, tmp_path / "all.parquet", options=options)
    import pyarrow.parquet as pq

    metadata = json.loads(pq.read_schema(tmp_path / "all.parquet").metadata[b"igwas"])
    assert metadata["eyes"]["q4"] == list(LABELS[4])
    expected = {"left": 3, "right": 3, "mean": 3, "difference": 3}
    assert describe_file(scanned).summary["phenotypes per eye"] == expected


def test_inspection_of_phenotypes_says_the_eyes(renamed):
    expected = {"left": 3, "right": 3, "mean": 3, "difference": 3}
    assert describe_file(renamed[0]).summary["phenotypes per eye"] == expected
