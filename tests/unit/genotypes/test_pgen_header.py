import numpy as np
import pytest

from igwas.errors import CorruptFile, InputError
from igwas.genotypes.pgen_header import read_pgen_header


def test_sizes_and_kind_are_read(tmp_path, cohort, write):
    header = read_pgen_header(write.pgen(tmp_path / "x", cohort))
    assert (header.n_variants, header.n_samples, header.has_dosage) == (20, 13, False)
    dosages = np.random.default_rng(0).uniform(0, 2, (20, 13))
    assert read_pgen_header(write.pgen(tmp_path / "d", cohort, dosages)).has_dosage


@pytest.mark.parametrize(
    ("name", "size"),
    [("kg_phase3_2504/all_ploidy", (601, 2504)), ("kg_phase3_2504/mt_mixed_phase", (509, 2504)),
     ("kg_phase3_2504/chr21_phase3_start", (485, 2504)), ("regenie_example/example", (1000, 500))],
)  # fmt: skip
def test_records_of_real_files_end_where_the_file_does(data_dir, tmp_path, name, size):
    path = data_dir / f"genotypes/{name}.pgen"
    header = read_pgen_header(path)
    assert (header.n_variants, header.n_samples) == size
    assert not header.has_dosage
    shorter = tmp_path / "x.pgen"
    shorter.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptFile, match="cut short"):
        read_pgen_header(shorter)


@pytest.mark.parametrize("size", [12, 13, 20, 30, 60])
def test_truncated_file_is_corrupt(tmp_path, cohort, write, size):
    path = write.pgen(tmp_path / "x", cohort)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CorruptFile, match=f"has {size} bytes; expected"):
        read_pgen_header(path)


@pytest.mark.parametrize(
    ("start", "message"),
    [(b"", "bytes none"), (b"\x6c\x1b\x10", "expected 6c 1b 10"), (b"x" * 40, "78 78 78"),
     (b"\x6c\x1b\x01" + bytes(40), "storage mode 0x01"),
     (b"\x6c\x1b\x10" + bytes(40), "0 variants and 0 samples")],
)  # fmt: skip
def test_other_bytes_are_refused(tmp_path, start, message):
    path = tmp_path / "x.pgen"
    path.write_bytes(start)
    with pytest.raises(InputError, match=message):
        read_pgen_header(path)


def test_fixed_width_mode_is_arithmetic(tmp_path):
    path = tmp_path / "x.pgen"
    start = b"\x6c\x1b\x02" + np.array([3, 5], "<u4").tobytes() + b"\x40"
    path.write_bytes(start + bytes(6))
    assert read_pgen_header(path).n_variants == 3
    path.write_bytes(start + bytes(5))
    with pytest.raises(CorruptFile, match="expected 18"):
        read_pgen_header(path)
