import pytest

from igwas.errors import InputError
from igwas.genotypes.sample_file import read_sample_file


def write(tmp_path, text):
    path = tmp_path / "x.sample"
    path.write_text(text)
    return path


def test_ids_and_sex_are_read(tmp_path):
    samples = read_sample_file(
        write(tmp_path, "ID_1 ID_2 missing sex\n0 0 0 D\nF A 0 1\nG B 0 2\nH C 0 NA\n")
    )
    assert samples.family_id.tolist() == ["F", "G", "H"]
    assert samples.sample_id.tolist() == ["A", "B", "C"]
    assert samples.sex.tolist() == [1, 2, 0]


def test_list_of_ids_is_read(tmp_path):
    samples = read_sample_file(write(tmp_path, "ID_1\n0\nA\nB\n"))
    assert samples.sample_id.tolist() == ["A", "B"]
    assert samples.family_id.tolist() == ["0", "0"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("A 0\nB 0\n", "line 2 is 'B 0'"), ("", "line 2 is ''"), ("ID_1 ID_2\n0\n", "line 2 is '0'"),
     ("ID_1 ID_2 missing\n0 0 0\nA A\n", "line 3 has 2 columns; expected 3"),
     ("ID_1 ID_2 missing\n0 0 0\n", "no samples"),
     ("ID_1 ID_2 missing\n0 0 0\nA A 0\nA A 0\n", r"twice \(line 3 and line 4\)")],
)  # fmt: skip
def test_bad_file_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_sample_file(write(tmp_path, text))


def test_real_files(data_dir):
    folder = data_dir / "genotypes"
    assert len(read_sample_file(folder / "bgen_spec/example.sample")) == 500
    assert len(read_sample_file(folder / "regenie_example/example_3chr.sample")) == 500
