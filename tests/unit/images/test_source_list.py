"""Folders and manifests: who, which eye, which file; what cannot be said is refused or reported."""

import os

import pytest

from igwas.errors import InputError
from igwas.images.source_list import list_sources


def manifest(tmp_path, text, name="m.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path):
    with pytest.raises(InputError) as stopped:
        list_sources(path)
    message = str(stopped.value)
    assert "; expected " in message
    return message


def folder_of(tmp_path, *names):
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return list_sources(tmp_path)


def test_a_manifest_gives_paths_relative_to_itself_and_keeps_further_columns(tmp_path):
    path = manifest(
        tmp_path, "site,path,participant_id,eye,visit,note\nA,sub/1.png,7,OD,2,\"x, y\"\n"
                  "B,/data/2.png,8,left,,\n",
    )  # fmt: skip
    found = list_sources(path)
    first, second = found.sources
    assert found.metadata_names == ("site", "note")
    assert (first.path, first.image_id) == (tmp_path / "sub/1.png", "sub/1")
    assert (first.participant_id, first.eye, first.visit) == ("7", "right", "2")
    assert first.metadata == ("A", "x, y")
    assert str(second.path) == "/data/2.png"
    assert second.metadata == ("B", "")


@pytest.mark.parametrize(
    ("word", "eye"),
    [("left", "left"), ("L", "left"), ("OS", "left"), ("Right", "right"), ("r", "right"),
     ("od", "right"), (" LE ", "left"), ("", "unknown"), ("NA", "unknown")],
)  # fmt: skip
def test_words_for_eyes(tmp_path, word, eye):
    found = list_sources(manifest(tmp_path, f"path,participant_id,eye\n1.png,7,{word}\n"))
    assert found.sources[0].eye == eye


@pytest.mark.parametrize("names", [("File", "IID", "Laterality"), ("image", "person", "eye")])
def test_columns_may_have_other_names(tmp_path, names):
    found = list_sources(manifest(tmp_path, "\t".join(names) + "\n1.png\t7\tL\n", "m.tsv"))
    source = found.sources[0]
    assert (source.path.name, source.participant_id, source.eye) == ("1.png", "7", "left")
    assert found.metadata_names == ()


def test_the_mark_of_a_spreadsheet_and_its_line_ends_are_no_part_of_the_names(tmp_path):
    found = list_sources(manifest(tmp_path, b"\xef\xbb\xbfpath,eid\r\n1.png,7\r\n\r\n"))
    assert [source.participant_id for source in found.sources] == ["7"]


def test_pictures_that_differ_in_suffix_only_keep_it_in_their_id(tmp_path):
    found = list_sources(manifest(tmp_path, "path,eid\na.png,1\na.jpg,2\nb.jpg,3\n"))
    assert [source.image_id for source in found.sources] == ["a.png", "a.jpg", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("path,participant_id\n", "holds no photograph"),
        ("participant_id,eye\n7,left\n", "has no column for path"),
        ("path,eye\n1.png,left\n", "has no column for participant_id"),
        ("path;participant_id\n1.png;7\n", "has no column for path"),
        ("path\tparticipant_id\n1.png\t7\n", "has no column for path"),
        ("path,file,participant_id\n1.png,2.png,7\n", "has 2 columns for path"),
        ("path,eid,note,note\n1.png,7,a,b\n", "columns without a name of their own ('note')"),
        ("path,eid,\n1.png,7,a\n", "columns without a name of their own ('')"),
        ("path,eid,eye\n1.png,7,sinistra\n", "line 2 has eye 'sinistra'"),
        ("path,eid\n1.png,7\n2.png\n", "line 3 has 1 columns; expected 2"),
        ("path,eid\n1.png,\n", "line 2 names no participant"),
        ("path,eid\n1.png,7\n1.png,8\n", "names photograph '1.png' 2 times"),
        ("path,eid\n,7\n", "names photograph '' 1 times"),
        ("path,eid,image_id\n1.png,7,a\n2.png,8,a\n", "names image_id 'a' 2 times"),
        ("path,eid,image_id\n1.png,7,\n", "names image_id '' 1 times"),
        (b"path,eid\n1\xff.png,7\n", "cannot be read as text"),
        ('path,eid\n"1.png,7\n', "line 2 cannot be split into cells"),
        ("path,eid\n1.png,7\0\n", "has '7\\x00' in column 2"),
        ("path,eid,note\n1.png,7,a\0\n", "has 'a\\x00' in column 3"),
        ('path,eid\n1.png,"7\t8"\n', "has '7\\t8' in column 2"),
        ("path,eid,note\0\n1.png,7,a\n", "line 1 has 'note\\x00' in column 3"),
        ("\n\n", "is empty"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused_with_the_place(tmp_path, text, words):
    assert words in refused(manifest(tmp_path, text))


def test_a_source_that_is_neither_folder_nor_manifest_is_refused(tmp_path):
    assert "'.xlsx'" in refused(manifest(tmp_path, "x", "m.xlsx"))
    assert "does not exist" in refused(tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe.csv")
    assert "pipe.csv" in refused(tmp_path / "pipe.csv")


@pytest.mark.parametrize("name", [".", "..", "/", "sub/"])
def test_a_path_without_a_file_name_is_a_photograph_that_fails_later(tmp_path, name):
    assert len(list_sources(manifest(tmp_path, f"path,eid\n{name},7\n")).sources) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ('1.png,7', '"2.png,8', '3.png,9'),  # open to the end of the file
        ('1.png,7', '"2.png,8', '3.png",9'),  # two stray quotes: one photograph would be lost
        ('1.png,7', '2.png,"8', '3.png,9"'),
        ('1.png,7', '"2"x.png,8', '3.png,9'),
    ],
)  # fmt: skip
def test_quotes_that_do_not_pair_are_refused_with_their_line(tmp_path, lines):
    words = refused(manifest(tmp_path, "\n".join(["path,eid", *lines]) + "\n"))
    assert "m.csv line 3 cannot be split into cells" in words


def test_quotes_that_pair_are_read(tmp_path):
    found = list_sources(manifest(tmp_path, 'path,eid,lens\n"1,a.png",7,35" wide\n2.png,"8",""\n'))
    assert [source.path.name for source in found.sources] == ["1,a.png", "2.png"]
    assert [source.metadata for source in found.sources] == [('35" wide',), ("",)]


def test_a_folder_is_searched_in_the_order_of_names_hidden_files_left_out(tmp_path):
    found = folder_of(tmp_path, "b/2_left.jpg", "a/1_OD_2.JPEG", ".x_left.jpg", ".c/3_left.jpg",
                      "notes.txt")  # fmt: skip
    assert [(s.image_id, s.participant_id, s.eye, s.visit) for s in found.sources] == [
        ("a/1_OD_2", "1", "right", "2"), ("b/2_left", "2", "left", ""),
    ]  # fmt: skip
    assert found.n_other_files == 1


def test_names_that_say_no_one_eye_of_one_person_are_reported(tmp_path):
    found = folder_of(tmp_path, "1_left_right.jpg", "left.jpg", "IMG0001.jpg", "2_left.jpg")
    assert [source.participant_id for source in found.sources] == ["2", "IMG0001"]
    assert found.unrecognised == ["IMG0001.jpg"]
    assert len(found.skipped) == 2
    assert all("give a manifest" in reason for _, reason in found.skipped)


def test_names_that_cannot_be_stored_are_skipped_and_other_letters_kept(tmp_path):
    (tmp_path / os.fsdecode(b"\xff_left.jpg")).write_bytes(b"x")
    found = folder_of(tmp_path, "Zo\u00eb_left.jpg", "\u5f20_right.jpg", "a\nb_left.jpg")
    assert [source.participant_id for source in found.sources] == ["Zo\u00eb", "\u5f20"]
    assert sorted(path.rsplit("/", 1)[1] for path, _ in found.skipped) == [
        "\\udcff_left.jpg", "a\\nb_left.jpg",
    ]  # fmt: skip


def test_a_folder_whose_path_cannot_be_stored_is_refused(tmp_path):
    folder = tmp_path / os.fsdecode(b"\xff")
    folder.mkdir()
    (folder / "1_left.jpg").write_bytes(b"x")
    assert "\\udcff is no UTF-8" in refused(folder)


def test_a_loop_of_folders_ends_and_an_empty_folder_is_refused(tmp_path):
    assert "holds no photograph (0 other files)" in refused(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path)
    assert len(folder_of(tmp_path, "1_left.jpg").sources) == 1
