import json

import h5py
import numpy as np
import pytest
from tests.encoder_files import hashed, photographs, write_encoder, write_images

from igwas.context import Context
from igwas.embeddings.audit import AuditOptions, run_audit
from igwas.embeddings.embed import embed_images
from igwas.embeddings.retrieval import left_right_retrieval
from igwas.errors import IncompleteFile, InputError, OptionError, OutputError
from igwas.provenance import root_attributes
from igwas.schema import EMBEDDINGS

QUICK = AuditOptions(bootstrap=100, sheet_queries=3)


def write_embeddings(path, vectors, *, trained_on=None, **columns):
    """An embeddings.h5 of any vectors; two images a person unless columns say otherwise."""
    n = len(vectors)
    values = {
        "image_id": [f"I{index}" for index in range(n)],
        "participant_id": [f"P{index // 2:03d}" for index in range(n)],
        "eye": (["left", "right"] * n)[:n],
        "visit": ["1"] * n,
        **columns,
    }
    with h5py.File(path, "w") as file:
        file.attrs.update(root_attributes(EMBEDDINGS))
        if trained_on is not None:
            file.attrs["training_participants"] = json.dumps([hashed(p) for p in trained_on])
        file["/embedding"] = np.asarray(vectors, np.float32)
        file["/quality"] = np.linspace(0, 1, n).astype(np.float32)
        for name, value in values.items():
            file.create_dataset(f"/{name}", data=value, dtype=h5py.string_dtype())
    return path


def people(n_people=60, n_dimensions=5, noise=0.4, seed=1):
    rng = np.random.default_rng(seed)
    person = np.repeat(rng.normal(size=(n_people, n_dimensions)), 2, axis=0)
    return person + noise * rng.normal(size=person.shape)


@pytest.fixture
def embeddings(tmp_path):
    return write_embeddings(tmp_path / "e.h5", people(), trained_on=[])


@pytest.fixture
def cohort(tmp_path):
    """Photographs of 30 people and their embeddings."""
    n = 60
    images = write_images(
        tmp_path / "images.h5", photographs(30),
        measures={"brightness": np.arange(n) % 7.0, "rim_share": np.arange(n) % 5.0},
        metadata={"camera": ["x", "y", "y"] * 20},
    )  # fmt: skip
    output = tmp_path / "embeddings.h5"
    embed_images(images, write_encoder(tmp_path / "m.onnx", trained_on=["P000", "P001"]), output)
    return images, output


def audit(path, **options):
    return run_audit(path, options=options.pop("options", QUICK), **options)


def test_the_numbers_are_those_of_the_vectors(embeddings):
    vectors = people().astype(np.float32)
    found = audit(embeddings).numbers
    expected = left_right_retrieval(vectors[::2], vectors[1::2])
    np.testing.assert_array_equal(found.retrieval.ranks, expected.ranks)
    assert found.people.n_compared == found.people.n_with_both_eyes == 60
    assert len(found.absolute.value) == 5
    # The person's variance is 1 and the eye's .16.
    np.testing.assert_allclose(found.absolute.value, 1 / 1.16, atol=0.12)


def test_people_it_was_trained_on_are_left_out_of_what_compares_eyes(tmp_path):
    trained = [f"P{at:03d}" for at in range(25)]
    path = write_embeddings(tmp_path / "e.h5", people(), trained_on=trained)
    report = audit(path)
    assert report.numbers.people.n_trained_on == 25
    assert report.numbers.retrieval.n_people == 35
    assert "25 of them left out: the encoder was trained on them" in "\n".join(report.describe())


def test_a_file_that_does_not_say_who_it_was_trained_on_is_said_loudly(tmp_path):
    report = audit(write_embeddings(tmp_path / "e.h5", people()))
    text = "\n".join(report.describe())
    assert "WHO THE ENCODER WAS TRAINED ON IS NOT KNOWN" in text
    assert report.verdict.level == "fit for a GWAS, with warnings"


def test_everybody_trained_on_cannot_be_judged(tmp_path):
    trained = [f"P{at:03d}" for at in range(60)]
    report = audit(write_embeddings(tmp_path / "e.h5", people(), trained_on=trained))
    assert report.numbers.retrieval is None
    assert report.verdict.level == "cannot be judged"
    assert "nobody to compare" in "\n".join(report.describe())


def test_photographs_add_colour_camera_and_pictures(cohort, tmp_path):
    report = audit(
        cohort[1], images=cohort[0], json_path=tmp_path / "a.json", figures=tmp_path / "figures"
    )
    numbers = report.numbers
    assert numbers.people.n_trained_on == 2
    assert numbers.colour.matched.n_decoys == 10
    assert numbers.colour.histogram.n_people == 28
    names = [one.name for one in numbers.explained]
    assert names == ["quality", "brightness", "camera outline", "camera"]
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "agreement.png", "explained.png", "neighbours_random.png", "neighbours_worst.png",
        "retrieval.png", "spectrum.png",
    ]  # fmt: skip
    for path in report.written[1:]:
        assert path.read_bytes().startswith(b"\x89PNG")


def test_the_json_holds_every_number_and_no_nan(cohort, tmp_path):
    report = audit(cohort[1], images=cohort[0], json_path=tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text()
    found = json.loads(text, parse_constant=pytest.fail)
    numbers = report.numbers
    assert found["retrieval"]["top1"]["value"] == numbers.retrieval.top1.value
    assert found["colour"]["matched"]["n_decoys"] == 10
    assert [one["name"] for one in found["dimensions"]] == list(numbers.dimension_names)
    assert found["dimensions"][2]["icc_a_1"]["low"] == numbers.absolute.low[2]
    assert set(found["dimensions"][0]["explained"]) == {one.name for one in numbers.explained}
    assert found["verdict"]["level"] == report.verdict.level
    assert found["provenance"]["model_digest"]


def test_the_same_seed_gives_the_same_report(cohort, tmp_path):
    first, second = (audit(cohort[1], images=cohort[0]).as_dict() for _ in range(2))
    for found in (first, second):
        found.pop("provenance")
    assert first == second


def test_a_table_adds_its_columns(embeddings, tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"P{at:03d},{people()[2 * at, 0]}" for at in range(60)]
    path.write_text("\n".join(["participant_id,trait", *rows]) + "\n")
    found = {one.name: one for one in audit(embeddings, metadata=path).numbers.explained}
    assert found["trait"].cross_validated[0] > 0.7
    assert found["trait"].cross_validated[1] < 0.3


def test_more_people_than_allowed_are_sampled_and_said(embeddings):
    options = AuditOptions(max_people=25, bootstrap=50)
    report = audit(embeddings, options=options)
    assert report.numbers.retrieval.n_people == 25
    assert "25 are compared, a sample (--max-people)" in "\n".join(report.describe())


def test_regressions_of_many_people_are_of_a_sample(embeddings, monkeypatch):
    monkeypatch.setattr("igwas.embeddings.audit.MOST_EXPLAINED_PEOPLE", 40)
    report = audit(embeddings)
    assert report.numbers.explained[0].n_images == 80
    assert "variance explained, 80 images" in "\n".join(report.describe())


@pytest.mark.parametrize(
    ("columns", "level"),
    [
        ({"eye": ["left"] * 120}, "cannot be judged"),
        ({"eye": ["unknown"] * 120}, "cannot be judged"),
        ({"participant_id": [f"Q{at}" for at in range(120)]}, "cannot be judged"),
    ],
)
def test_cohorts_without_pairs_are_reported_and_not_judged(tmp_path, columns, level):
    path = write_embeddings(tmp_path / "e.h5", people(), trained_on=[], **columns)
    report = audit(path, json_path=tmp_path / "a.json", figures=tmp_path / "f")
    assert report.verdict.level == level
    assert report.numbers.people.n_with_both_eyes == 0
    assert json.loads((tmp_path / "a.json").read_text())["retrieval"] is None
    assert (tmp_path / "f" / "spectrum.png").exists()


@pytest.mark.parametrize("n_people", [1, 2, 3])
def test_a_few_people_are_reported_and_not_judged(tmp_path, n_people):
    path = write_embeddings(tmp_path / "e.h5", people(n_people), trained_on=[])
    report = audit(path, figures=tmp_path / "f")
    assert report.verdict.level == "cannot be judged"
    assert report.numbers.retrieval.n_people == n_people


def test_few_people_with_photographs_are_drawn_without_a_crash(tmp_path):
    images = write_images(tmp_path / "i.h5", photographs(2))
    embed_images(images, write_encoder(tmp_path / "m.onnx"), tmp_path / "e.h5")
    report = audit(tmp_path / "e.h5", images=images, figures=tmp_path / "f")
    assert report.numbers.colour.matched.n_decoys == 1
    assert (tmp_path / "f" / "neighbours_worst.png").exists()


def test_images_without_a_finite_vector_are_left_out_and_counted(tmp_path):
    vectors = people()
    vectors[3, 2], vectors[9, 0] = np.nan, np.inf
    report = audit(write_embeddings(tmp_path / "e.h5", vectors, trained_on=[]))
    assert report.numbers.people.n_without_vector == 2
    assert report.numbers.retrieval.n_people == 58
    assert "2 images with NaN" in "\n".join(report.describe())


def test_no_finite_vector_at_all_is_an_error(tmp_path):
    path = write_embeddings(tmp_path / "e.h5", np.full((8, 3), np.nan))
    with pytest.raises(InputError, match="none of 8 images"):
        audit(path)


def test_dead_and_constant_dimensions_are_named(tmp_path):
    vectors = np.column_stack([people(), np.full(120, 3.3)])
    report = audit(write_embeddings(tmp_path / "e.h5", vectors, trained_on=[]))
    assert report.numbers.spread.dead == ("dim_005",)
    assert np.isnan(report.numbers.absolute.value[5])
    assert report.as_dict()["dimensions"][5]["icc_a_1"]["value"] is None


def test_a_single_point_is_unfit(tmp_path):
    report = audit(write_embeddings(tmp_path / "e.h5", np.ones((120, 4)), trained_on=[]))
    assert report.verdict.level == "not fit for a GWAS"


def test_noise_is_unfit(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(400, 6))
    report = audit(write_embeddings(tmp_path / "e.h5", vectors, trained_on=[]))
    assert report.verdict.level == "not fit for a GWAS"
    assert any("does not know people" in one.text for one in report.verdict.findings)


def test_one_dimension_is_enough(tmp_path):
    report = audit(
        write_embeddings(tmp_path / "e.h5", people(n_dimensions=1), trained_on=[]),
        figures=tmp_path / "f",
    )
    assert report.numbers.spread.effective_rank == pytest.approx(1)
    assert report.numbers.absolute.value[0] > 0.7


def test_an_image_id_twice_is_an_error(tmp_path):
    path = write_embeddings(tmp_path / "e.h5", people(2), image_id=["a", "b", "a", "c"])
    with pytest.raises(InputError, match="image id 'a' occurs twice"):
        audit(path)


def test_an_unfinished_file_is_an_error(tmp_path):
    path = write_embeddings(tmp_path / "e.h5", people(2))
    with h5py.File(path, "r+") as file:
        file["/progress/done"] = np.array([1, 0], np.uint8)
    with pytest.raises(IncompleteFile, match="unfinished"):
        audit(path)


def test_photographs_of_another_cohort_are_an_error(cohort, tmp_path):
    other = write_images(tmp_path / "o.h5", image_id=[f"o{at}" for at in range(12)])
    with pytest.raises(InputError, match="lacks 60 of the 60 images"):
        audit(cohort[1], images=other, figures=tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_outputs_that_would_be_lost_are_refused_before_any_work(cohort, tmp_path):
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "retrieval.png").write_text("mine")
    with pytest.raises(OutputError, match=r"a\.json exists"):
        audit(cohort[1], json_path=tmp_path / "a.json")
    with pytest.raises(OutputError, match=r"retrieval\.png exists"):
        audit(cohort[1], figures=tmp_path / "f")
    with pytest.raises(OutputError, match="is a file; expected a folder"):
        audit(cohort[1], figures=tmp_path / "a.json")
    with pytest.raises(OptionError, match="input of embeddings"):
        audit(cohort[1], json_path=cohort[1])
    with pytest.raises(OutputError, match="does not exist"):
        audit(cohort[1], json_path=tmp_path / "absent" / "a.json")
    assert (tmp_path / "f" / "retrieval.png").read_text() == "mine"
    replaced = AuditOptions(bootstrap=50, overwrite=True)
    audit(cohort[1], json_path=tmp_path / "a.json", figures=tmp_path / "f", options=replaced)
    assert (tmp_path / "f" / "retrieval.png").read_bytes().startswith(b"\x89PNG")


def test_threads_change_no_number(cohort):
    one, two = (
        run_audit(cohort[1], images=cohort[0], options=QUICK, context=Context(threads=n)).as_dict()
        for n in (1, 2)
    )
    assert one["retrieval"] == two["retrieval"]
    assert one["colour"] == two["colour"]


def test_options_are_checked_when_made():
    for name in ("max_people", "bootstrap", "sheet_queries"):
        with pytest.raises(OptionError, match=name.replace("_", "-")):
            AuditOptions(**{name: 0})
