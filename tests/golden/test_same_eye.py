"""Two people of EyePACS whose left and right photograph show one eye, as looking at them tells."""

from igwas.context import Context
from igwas.images.images_file import read_images
from igwas.images.options import ImagesOptions
from igwas.images.process import process_photographs

FILED_TWICE = ("10363", "10397")
SOUND = ("10003", "10007")


def test_one_eye_filed_as_both_is_reported_and_two_eyes_are_not(data_dir, tmp_path):
    folder = data_dir / "fundus" / "eyepacs_pairs_400"
    lines = [f"{folder}/{person}_{eye}.jpeg,{person},{eye},{person}_{eye}\n"
             for person in (*FILED_TWICE, *SOUND) for eye in ("left", "right")]  # fmt: skip
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,participant_id,eye,image_id\n" + "".join(lines))
    summary = process_photographs(
        manifest, tmp_path / "images.h5", options=ImagesOptions(size_px=64),
        context=Context(threads=1),
    )  # fmt: skip
    assert summary.n_images == 8
    assert summary.same_eye == [(f"{person}_left", f"{person}_right") for person in FILED_TWICE]
    assert summary.duplicates == []
    with read_images(tmp_path / "images.h5") as images:
        table = images.table.set_index("image_id")["same_eye_as"]
        agrees = images.measures["laterality_agrees"].to_numpy()
    for person in FILED_TWICE:
        misnamed = table[[f"{person}_left", f"{person}_right"]]
        named = misnamed[misnamed != ""]
        assert len(named) == 1
        assert {named.index[0], named.iloc[0]} == {f"{person}_left", f"{person}_right"}
        assert agrees[table.index.get_loc(named.index[0])] == 0
    assert (table[[f"{person}_left" for person in SOUND]] == "").all()
