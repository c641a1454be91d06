import gzip

import numpy as np
import pytest

from igwas.association.sample_list import is_listed, read_sample_list
from igwas.errors import InputError
from igwas.phenotypes.sample_ids import NamedIds

SAMPLES = NamedIds(
    np.array(["a", "b", "c"], dtype=object), np.array(["1", "2", "3"], dtype=object), "g"
)


@pytest.mark.parametrize(
    "text",
    [
        "1 a\n3 c\n",
        "1\ta\textra\n3\tc\tmore\n1 a\n",
        "#FID IID\n1 a\n3 c\n",
        "FID\tIID\n1\ta\n3\tc",
        "#IID\na\nc\n",
        "IID SEX\na 1\nc 2\n",
        "# people who withdrew\n\na\nc\nunknown\n",
        "0 a\n0 c\n",
        "\ufeffa\r\nc\r\n",
    ],
)
def test_every_form_of_list_names_the_same_samples(tmp_path, text):
    path = tmp_path / "list"
    path.write_text(text)
    assert is_listed(SAMPLES, read_sample_list(path)).tolist() == [True, False, True]


def test_gzip_is_understood(tmp_path):
    path = tmp_path / "list"
    path.write_bytes(gzip.compress(b"b\n"))
    assert is_listed(SAMPLES, read_sample_list(path)).tolist() == [False, True, False]


def test_families_count_where_the_list_has_them(tmp_path):
    path = tmp_path / "list"
    path.write_text("9 a\n2 b\n")
    assert is_listed(SAMPLES, read_sample_list(path)).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "names no sample"),
        (b"# only a comment\n", "names no sample"),
        (b"FID IID\n", "names no sample"),
        (b"1 a\nb\n", "line 2: 1 field where others have FID and IID"),
        (b"FID SEX\n1 a\n", "header is 'FID SEX'"),
        (b"a\n\xff\xfe\n", "line 2 is no UTF-8 text"),
    ],
)
def test_bad_lists_are_refused(tmp_path, content, message):
    path = tmp_path / "list"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_sample_list(path)


def test_the_real_list_of_six_people(data_dir):
    listed = read_sample_list(data_dir / "genotypes/kg_eur379/EUR_subset.remove")
    assert list(listed.sample_id)[:2] == ["HG00096", "HG00097"]
    assert len(listed.sample_id) == 6
