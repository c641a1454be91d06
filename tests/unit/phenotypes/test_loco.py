import gzip
import shutil

import h5py
import numpy as np
import pytest

from igwas.errors import InputError
from igwas.phenotypes.covariates import orthonormal_basis
from igwas.phenotypes.loco import read_loco
from igwas.phenotypes.residualise import residualise
from igwas.phenotypes.sample_ids import NamedIds
from igwas.phenotypes.table import read_covariates, read_phenotypes
from igwas.provenance import root_attributes
from igwas.schema import LOCO

# regenie prints six digits; the data folder's notes give 1e-4 for this comparison.
REGENIE_BETA = 1e-4


def ids(samples, families):
    return NamedIds(
        np.array(list(samples), dtype=object), np.array(list(families), dtype=object), "genotypes"
    )


SAMPLES = ids(["a", "b", "c"], ["1", "2", "3"])
LINES = "FID_IID 2_b 1_a 9_z\n1 0.5 NA 7\n2 -0.25 NA 8\n23 1e-3 NA 9\n"


@pytest.fixture
def pred_list(tmp_path):
    (tmp_path / "out_1.loco").write_text(LINES)
    (tmp_path / "out_2.loco").write_text("FID_IID 1_a 2_b 3_c\n1 1 2 3\n2 4 5 6\n23 7 8 9\n")
    path = tmp_path / "out_pred.list"
    path.write_text("Y1 out_1.loco\nY2 /gone/elsewhere/out_2.loco\n")
    return path


def test_predictions_follow_the_samples_and_phenotypes_asked_for(pred_list):
    loco = read_loco(pred_list, ["Y2", "Y1"])
    assert loco.is_standardised
    assert loco.chromosomes == ("1", "2", "X")
    np.testing.assert_array_equal(
        loco.predictions("chr2", SAMPLES), [[4, np.nan], [5, -0.25], [6, np.nan]]
    )
    np.testing.assert_array_equal(loco.predictions("PAR1", SAMPLES), loco.predictions("X", SAMPLES))
    assert loco.has_prediction(SAMPLES).tolist() == [[True, False], [True, True], [True, False]]
    assert list(loco.sample_ids(1)) == ["2_b", "1_a", "9_z"]


def test_gzip_beside_the_list_will_do(pred_list):
    plain = pred_list.parent / "out_2.loco"
    (pred_list.parent / "out_2.loco.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert read_loco(pred_list, ["Y2"]).predictions("2", SAMPLES).ravel().tolist() == [4, 5, 6]


def test_absent_chromosome_phenotype_or_file_is_named(pred_list):
    with pytest.raises(InputError, match=r"no prediction without chromosome 3.*it has 1, 2, X"):
        read_loco(pred_list, ["Y1"]).predictions("3", SAMPLES)
    with pytest.raises(InputError, match=r"no predictions of phenotype 'Y3'.*closest: Y"):
        read_loco(pred_list, ["Y3"])
    (pred_list.parent / "out_2.loco").unlink()
    with pytest.raises(InputError, match=r"names /gone/elsewhere/out_2.loco, which does not exist"):
        read_loco(pred_list, ["Y2"])
    assert read_loco(pred_list, ["Y1"]).names == ("Y1",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("FID_IID 2_b 1_a\n1 0.5\n", "chromosome 1 has 2 fields; expected 3"),
        ("IID 2_b 1_a\n1 0.5 2\n", "starts with 'IID 2_b 1_a'"),
        ("FID_IID 2_b 1_a\n", "a header but no chromosome"),
        ("", "starts with ''"),
    ],
)
def test_damaged_loco_file_is_refused_when_opened(pred_list, content, message):
    (pred_list.parent / "out_1.loco").write_text(content)
    with pytest.raises(InputError, match=message):
        read_loco(pred_list, ["Y1"])


def test_text_among_predictions_is_named(pred_list):
    (pred_list.parent / "out_1.loco").write_text(LINES.replace("-0.25", "none"))
    with pytest.raises(InputError, match="chromosome 2 has the value 'none'"):
        read_loco(pred_list, ["Y1"]).predictions("2", SAMPLES)


def test_samples_must_be_the_same_on_every_chromosome(pred_list):
    (pred_list.parent / "out_1.loco").write_text(LINES.replace("-0.25", "NA"))
    with pytest.raises(InputError, match="without chromosome 2 are NA for samples that have them"):
        read_loco(pred_list, ["Y1"]).predictions("2", SAMPLES)


def test_what_is_no_pred_list_is_refused(tmp_path):
    path = tmp_path / "list"
    path.write_text("only_one_word\n")
    with pytest.raises(InputError, match="line 1 is not a phenotype name and a file"):
        read_loco(path, ["Y1"])
    path.write_text("Y1 a\nY1 b\n")
    with pytest.raises(InputError, match="line 2: phenotype 'Y1' is listed twice"):
        read_loco(path, ["Y1"])


def write_loco_h5(path, prediction, names=("Y1", "Y2"), chromosomes=("1", "X")):
    with h5py.File(path, "w") as file:
        file.attrs.update(root_attributes(LOCO))
        file["/samples/family_id"] = np.array(["2", "1"], dtype=object)
        file["/samples/sample_id"] = np.array(["b", "a"], dtype=object)
        file["/phenotypes/name"] = np.array(names, dtype=object)
        file["/chromosomes"] = np.array(chromosomes, dtype=object)
        file["/prediction"] = np.asarray(prediction, dtype=np.float32)
    return path


def test_loco_h5_is_joined_by_id_and_in_phenotype_units(tmp_path):
    prediction = np.arange(8.0).reshape(2, 2, 2)
    prediction[:, 0, 0] = np.nan
    loco = read_loco(write_loco_h5(tmp_path / "loco.h5", prediction), ["Y2", "Y1"])
    assert not loco.is_standardised
    np.testing.assert_array_equal(
        loco.predictions("23", SAMPLES), [[7, 5], [6, np.nan], [np.nan, np.nan]]
    )
    assert loco.has_prediction(SAMPLES).tolist() == [[True, True], [True, False], [False, False]]


def test_loco_h5_cut_short_is_refused(tmp_path):
    path = write_loco_h5(tmp_path / "loco.h5", np.zeros((2, 2, 2)))
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_loco(path, ["Y1"])


def dosage_of_bed(prefix):
    """All calls of a small .bed without missing ones, copies of A1: float64 (variants, samples)."""
    n_samples = len(prefix.with_suffix(".fam").read_text().split("\n")) - 1
    content = np.fromfile(prefix.with_suffix(".bed"), dtype=np.uint8)[3:]
    bits = np.unpackbits(content.reshape(-1, (n_samples + 3) // 4), axis=1, bitorder="little")
    codes = bits[:, 0::2] + 2 * bits[:, 1::2]
    return np.array([2.0, np.nan, 1.0, 0.0])[codes[:, :n_samples]]


def test_regenie_betas_are_reproduced_from_its_predictions(data_dir):
    genotypes = data_dir / "genotypes/regenie_example"
    expected = data_dir / "expected/regenie_example/regenie_v1.0.6.7_glow"
    fam = [line.split() for line in (genotypes / "example_3chr.fam").read_text().splitlines()]
    samples = ids([row[1] for row in fam], [row[0] for row in fam])
    phenotypes = read_phenotypes(genotypes / "phenotype.txt")
    covariates = read_covariates(genotypes / "covariates.txt")
    assert list(phenotypes.sample_id) == list(samples.sample_id)
    q = orthonormal_basis(
        np.column_stack([np.ones(len(fam)), *covariates.columns.values()]),
        ["intercept", *covariates.names],
    ).q
    y = residualise(phenotypes.values, q)
    deviation = np.sqrt((y**2).sum(axis=0) / (len(y) - 1))
    loco = read_loco(expected / "fit_lin_out_3chr_pred.list", phenotypes.names)
    # ALLELE1 of regenie is the bgen's second allele, A2 of the .bim, so the dosage is turned round.
    g = residualise(2.0 - dosage_of_bed(genotypes / "example_3chr").T, q).T
    rows = [
        line.split()
        for line in (expected / "test_lin_out_3chr_Y1.regenie").read_text().splitlines()
    ]
    beta = rows[0].index("BETA") if "BETA" in rows[0] else rows[0].index("BETA.Y1")
    bim = [line.split() for line in (genotypes / "example_3chr.bim").read_text().splitlines()]
    variant = {(row[0], row[1]): index for index, row in enumerate(bim)}
    for chromosome in ("1", "2", "3"):
        tested = [row for row in rows[1:] if row[0] == chromosome]
        u = y[:, 0] / deviation[0] - loco.predictions(chromosome, samples)[:, 0]
        x = g[[variant[row[0], row[2]] for row in tested]]
        ours = x @ u / (x**2).sum(axis=1) * deviation[0]
        theirs = np.array([float(row[beta]) for row in tested])
        np.testing.assert_allclose(ours, theirs, atol=REGENIE_BETA)


def test_a_list_moved_with_its_files_still_works(data_dir, tmp_path):
    expected = data_dir / "expected/regenie_example/regenie_v1.0.6.7_glow"
    for name in ("fit_lin_out_pred.list", "fit_lin_out_1.loco", "fit_lin_out_2.loco"):
        shutil.copy(expected / name, tmp_path / name)
    loco = read_loco(tmp_path / "fit_lin_out_pred.list", ["Y1", "Y2"])
    assert len(loco.sample_ids(0)) == 500
