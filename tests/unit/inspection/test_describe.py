import json

import h5py
import numpy as np
import pytest
from tests.images_files import draw_eyes, write_images
from tests.reference.statistics_fixture import write_statistics

from igwas.context import Context
from igwas.errors import CorruptFile, InputError, SchemaError
from igwas.inspection.describe import _SUMMARIES, describe_file
from igwas.inspection.report import format_description
from igwas.provenance import root_attributes
from igwas.schema import BASIS, EMBEDDINGS, FILE_KINDS, LOCO, PHENOTYPES, TEXT


def write_small(path, kind, arrays):
    """A file of the kind with exactly these arrays."""
    with h5py.File(path, "w") as file:
        for array in kind.arrays:
            if array.path in arrays:
                dtype = h5py.string_dtype() if array.dtype == TEXT else None
                file.create_dataset(array.path, data=arrays[array.path], dtype=dtype)
        file.attrs.update(root_attributes(kind, options={"seed": 1}))
    return path


def write_bed(folder, n_variants=10, n_samples=5):
    rows = n_variants * -(-n_samples // 4)
    bed = folder / "a.bed"
    bed.write_bytes(b"\x6c\x1b\x01" + bytes(rows))
    lines = [f"{1 + i // 6} rs{i} 0 {100 + i} A G\n" for i in range(n_variants)]
    (folder / "a.bim").write_text("".join(lines))
    people = [f"F{i} P{i} 0 0 {1 + i % 2} -9\n" for i in range(n_samples)]
    (folder / "a.fam").write_text("".join(people))
    return bed


@pytest.fixture
def statistics_path(tmp_path):
    return write_statistics(tmp_path / "statistics.h5").path


def test_every_array_has_axes_unit_and_meaning(statistics_path):
    description = describe_file(statistics_path)
    assert description.kind == "igwas statistics"
    assert description.is_sound
    arrays = {array.path: array for array in description.arrays}
    beta = arrays["/beta"]
    assert (beta.axes, beta.shape, beta.dtype) == (("variant", "phenotype"), (200, 5), "float32")
    assert beta.unit == "phenotype units per allele copy"
    assert beta.stored_bytes == 200 * 5 * 4
    assert arrays["/variants/id"].dtype == "text"


def test_statistics_are_summarised(statistics_path):
    summary = describe_file(statistics_path).summary
    assert summary["complete"] is True
    assert summary["blocks done"] == "4 of 4"
    assert summary["phenotypes per mask"] == [3, 2]
    assert summary["variants by reason, first mask"]["constant"] >= 1
    assert sum(summary["variants by reason, first mask"].values()) == 200
    assert summary["variants per chromosome"]["PAR1"] > 0
    assert summary["hits"] == 5
    assert len(summary["strongest omnibus"]) == 3
    assert summary["omnibus of"].startswith("3 phenotypes (dimension_000, dimension_002, ...), 500")


def test_unfinished_statistics_show_their_progress(tmp_path):
    truth = write_statistics(tmp_path / "s.h5.partial", done=0.5)
    description = describe_file(truth.path)
    assert description.summary["blocks done"] == "2 of 4"
    assert description.summary["complete"] is False
    assert "hits" not in description.summary


def test_text_and_json_hold_the_same_facts(statistics_path):
    description = describe_file(statistics_path, check=True)
    text = format_description(description)
    for words in (
        "igwas statistics", "igwas-fast assoc a.bed b.tsv -o c.h5", "/beta  float32",
        "variant 200 x phenotype 5", "every array read (no checksums stored): ", "0 damaged",
        "hits: 5",
    ):  # fmt: skip
        assert words in text
    plain = json.loads(json.dumps(description.as_dict()))
    assert plain["summary"]["hits"] == 5
    assert plain["provenance"]["schema_version"] == 1
    assert plain["attributes"]["account"][0]["n_after"] == 500


def test_phenotypes_are_summarised(tmp_path):
    values = np.array([[1.0, np.nan], [2.0, 3.0], [np.nan, np.nan]])
    path = write_small(
        tmp_path / "p.h5", PHENOTYPES,
        {
            "/participants/participant_id": ["a", "b", "c"],
            "/phenotypes/name": ["x", "y"],
            "/values": values,
        },
    )  # fmt: skip
    summary = describe_file(path).summary
    assert summary["missing values"] == 3
    assert summary["first phenotypes"] == ["x", "y"]
    assert describe_file(path).provenance["options"] == {"seed": 1}


def test_every_kind_of_file_has_a_summary():
    assert set(_SUMMARIES) == {kind.name for kind in FILE_KINDS}


def test_images_are_summarised(tmp_path):
    rgb, people, eyes = draw_eyes(2)
    path = write_images(
        tmp_path / "i.h5", rgb, people, eyes, grades=["keep", "keep", "usable", "reject"],
        duplicates=["", "", "", "P000_left_0"],
    )  # fmt: skip
    with h5py.File(path, "r+") as file:
        del file["/skipped/path"], file["/skipped/reason"]
        file.create_dataset("/skipped/path", data=["a.jpg"], dtype=h5py.string_dtype())
        file.create_dataset("/skipped/reason", data=["it is grey"], dtype=h5py.string_dtype())
    description = describe_file(path, check=True)
    summary = description.summary
    assert description.is_sound
    assert (summary["images"], summary["participants"], summary["pixels a side"]) == (4, 2, 48)
    assert summary["images per eye"] == {"left": 2, "right": 2}
    assert summary["grades"] == {"keep": 2, "usable": 1, "reject": 1}
    assert (summary["duplicates"], summary["further views"]) == (1, [])
    assert summary["reasons for skipping"] == {"it is grey": 1}
    assert "grades:" in format_description(description)


def test_embeddings_are_summarised(tmp_path):
    path = write_small(
        tmp_path / "e.h5", EMBEDDINGS,
        {
            "/embedding": np.zeros((3, 4), np.float32), "/image_id": ["1", "2", "3"],
            "/participant_id": ["a", "a", "b"], "/eye": ["left", "right", "left"],
            "/visit": ["0", "0", "0"], "/quality": np.ones(3, np.float32),
        },
    )  # fmt: skip
    summary = describe_file(path).summary
    assert (summary["images"], summary["participants"], summary["dimensions"]) == (3, 2, 4)
    assert summary["images per eye"] == {"left": 2, "right": 1}


@pytest.mark.parametrize("correlation", [None, np.linspace(0.9, 0.2, 12)])
def test_a_basis_is_summarised_with_the_agreement_of_eyes(tmp_path, correlation):
    path = write_small(
        tmp_path / "b.h5", BASIS,
        {
            "/dimension_name": ["x", "y"], "/component_name": [f"lr_{k}" for k in range(12)],
            "/mean": np.zeros(2), "/weight": np.ones((2, 12)), "/variance": np.ones(12),
            **({} if correlation is None else {"/correlation": correlation}),
        },
    )  # fmt: skip
    description = describe_file(path)
    summary = description.summary
    assert (summary["dimensions"], summary["components"]) == (2, 12)
    if correlation is None:
        assert summary["left-right correlation"].startswith("not recorded")
        return
    assert summary["left-right correlation of the first"] == correlation[:10].tolist()
    assert summary["smallest left-right correlation"] == 0.2
    assert "left-right correlation of the first: 0.9, 0.836" in format_description(description)


def test_loco_is_summarised(tmp_path):
    path = write_small(
        tmp_path / "l.h5", LOCO,
        {
            "/samples/family_id": ["a", "b"], "/samples/sample_id": ["a", "b"],
            "/phenotypes/name": ["x"], "/chromosomes": ["1", "2", "3"],
            "/prediction": np.zeros((3, 1, 2), np.float32),
        },
    )  # fmt: skip
    assert describe_file(path).summary["chromosomes"] == ["1", "2", "3"]


def test_bed_is_described_and_checked(tmp_path):
    description = describe_file(write_bed(tmp_path), check=True, context=Context(threads=2))
    assert description.summary["samples by sex"] == {"unknown": 0, "male": 3, "female": 2}
    assert description.summary["variants per chromosome"] == {"1": 6, "2": 4}
    assert description.check.n_damaged == 0
    assert "no checksums" in description.check.what


def test_an_array_out_of_place_is_a_problem_not_a_crash(statistics_path):
    with h5py.File(statistics_path, "r+") as file:
        del file["/beta"]
        file["/notes"] = np.arange(3)
    description = describe_file(statistics_path)
    assert not description.is_sound
    assert "has no /beta" in description.problems[0]
    assert description.arrays[-1].meaning == "not in the registry"
    assert "problem: " in format_description(description)


def test_files_of_others_are_named(tmp_path):
    for name, content, words in (
        ("a.gz", b"\x1f\x8b\x08\x00", "is a gzip file"),
        ("a.parquet", b"PAR1....", "is a Parquet file"),
        ("a.pgen", b"\x6c\x1b\x10\x00", "a PLINK 2 .pgen"),
        ("a.txt", b"FID IID\n", "neither HDF5 nor a PLINK .bed"),
        ("a.onnx", b"\x08\x08\x12\x07pytorch", "is named as an ONNX network"),
        ("a.pt", b"PK\x03\x04....", "a zip archive or a PyTorch checkpoint"),
        ("a.empty", b"", "neither HDF5 nor a PLINK .bed"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match=words) as refused:
            describe_file(path)
        assert "\n" not in str(refused.value)


def test_hdf5_of_others_and_cut_files_are_refused(tmp_path, statistics_path):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["x"] = 1
    with pytest.raises(SchemaError, match=r"other.h5: root attribute 'format' is None"):
        describe_file(other)
    cut = tmp_path / "cut.h5"
    cut.write_bytes(statistics_path.read_bytes()[:3000])
    with pytest.raises(CorruptFile, match="cut short"):
        describe_file(cut)
