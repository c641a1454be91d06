import logging

import pytest

from igwas.errors import InputError
from igwas.genotypes.sample_tables import make_samples, read_fam, with_sex_file


def fam(tmp_path, text):
    path = tmp_path / "x.fam"
    path.write_text(text)
    return path


def test_fam_gives_ids_and_sex(tmp_path):
    samples = read_fam(fam(tmp_path, "F1 A 0 0 1 -9\nF2\tB\t0\t0\t2\t1\nF3 C 0 0 0 NA\n\n"))
    assert samples.family_id.tolist() == ["F1", "F2", "F3"]
    assert samples.sample_id.tolist() == ["A", "B", "C"]
    assert samples.sex.tolist() == [1, 2, 0]


def test_short_line_is_named(tmp_path):
    with pytest.raises(InputError, match=r"line 2 has 5 columns; expected 6"):
        read_fam(fam(tmp_path, "F1 A 0 0 1 -9\nF2 B 0 0 2\n"))


def test_repeated_id_names_both_lines(tmp_path):
    with pytest.raises(InputError, match=r"'F A' twice \(line 1 and line 3\)"):
        read_fam(fam(tmp_path, "F A 0 0 1 1\nF B 0 0 1 1\nF A 0 0 1 1\n"))


def test_same_iid_in_two_families_is_noted(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "igwas.genotypes"):
        assert len(read_fam(fam(tmp_path, "F A 0 0 1 1\nG A 0 0 1 1\n"))) == 2
    assert "more than one family" in caplog.text


def test_iid_0_is_an_error(tmp_path):
    with pytest.raises(InputError, match="line 1 has sample id '0'"):
        read_fam(fam(tmp_path, "F 0 0 0 1 1\n"))


def test_empty_fam_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no samples"):
        read_fam(fam(tmp_path, "\n"))


def test_fam_that_is_not_utf8_is_an_error(tmp_path):
    path = tmp_path / "x.fam"
    path.write_bytes(b"F \xff 0 0 1 1\n")
    with pytest.raises(InputError, match="not UTF-8"):
        read_fam(path)


@pytest.mark.parametrize(
    "text", ["A 1\nB F\n", "IID SEX\nA 1\nB female\n", "#FID IID SEX\nF A 1\nF B 2\n"]
)
def test_sex_file_sets_sex_and_leaves_the_rest(tmp_path, text):
    path = tmp_path / "sex.txt"
    path.write_text(text)
    samples = make_samples(["A", "B", "C"], sex=[0, 0, 2], source="x")
    assert with_sex_file(samples, path).sex.tolist() == [1, 2, 2]


def test_sex_file_of_other_people_is_an_error(tmp_path):
    path = tmp_path / "sex.txt"
    path.write_text("Z 1\n")
    with pytest.raises(InputError, match="names none of the 1 samples"):
        with_sex_file(make_samples(["A"], source="x"), path)


def test_sex_file_with_one_column_is_an_error(tmp_path):
    path = tmp_path / "sex.txt"
    path.write_text("A\n")
    with pytest.raises(InputError, match="line 1 has 1 columns"):
        with_sex_file(make_samples(["A"], source="x"), path)


def test_sex_of_people_who_share_an_iid_is_told_apart_by_family(tmp_path):
    people = make_samples(["a", "a"], family_id=["f0", "f1"], source="x")
    (tmp_path / "sex.txt").write_text("FID IID SEX\nf0 a 1\nf1 a 2\n", encoding="utf-8-sig")
    assert with_sex_file(people, tmp_path / "sex.txt").sex.tolist() == [1, 2]


def test_a_person_with_two_sexes_is_refused(tmp_path):
    people = make_samples(["a"], source="x")
    (tmp_path / "sex.txt").write_text("a 1\na 2\n")
    with pytest.raises(InputError, match="another sex"):
        with_sex_file(people, tmp_path / "sex.txt")
    (tmp_path / "sex.txt").write_text("f0 a 1\nf1 a 2\n")
    with pytest.raises(InputError, match="several families"):
        with_sex_file(people, tmp_path / "sex.txt")
