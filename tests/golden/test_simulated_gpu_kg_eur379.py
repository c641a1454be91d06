"""54,051 real variants through the GPU backend, on a simulated GPU: the bits of the CPU's scan."""

import h5py
import numpy as np
import pandas as pd
import pytest

from igwas.cli.main import main


def arrays(path):
    """Every dataset of a statistics file."""
    found = {}
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda name, item: found.update({name: item[()]}) if hasattr(item, "shape") else None
        )
    return found


def assert_same_bits(on_gpu, on_cpu):
    expected, found = arrays(on_cpu), arrays(on_gpu)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.fixture
def assoc(tmp_path):
    """Run the command on a device; give back its output."""

    def run(device, *arguments):
        output = tmp_path / f"{device}.h5"
        words = (*arguments, "-o", output, "--device", device, "--threads", "2", "-q")
        with pytest.raises(SystemExit) as stop:
            main(["assoc", *map(str, words)])
        assert stop.value.code == 0
        return output

    return run


def test_every_number_of_a_whole_scan_is_the_same(data_dir, simulated_gpu, assoc):
    folder = data_dir / "expected" / "kg_eur379_plink2"
    table = folder / "EUR_subset.pheno2.covars.complete366.tsv"
    arguments = (
        data_dir / "genotypes" / "kg_eur379" / "EUR_subset.bed", table,
        "--phenotype-columns", "PHENO", "--covariates", table,
        "--covariate-columns", "QCOV1,QCOV2,CAT_COV", "--categorical-columns", "CAT_COV",
        "--mac", "0",
    )  # fmt: skip
    simulated_gpu.reset(n_devices=2, streams="random")
    assert_same_bits(assoc("cuda", *arguments, "--gpus", "1,0"), assoc("cpu", *arguments))
    assert simulated_gpu.n_launches > 2 * 4  # more than the test before the scan
    assert simulated_gpu.n_violations == 0


@pytest.fixture
def some(data_dir, tmp_path):
    """Every 90th variant with some calls missing, and phenotypes in two masks."""
    bed = data_dir / "genotypes" / "kg_eur379" / "EUR_subset.bed"
    target = tmp_path / "some.bed"
    fam = bed.with_suffix(".fam").read_text()
    lines = bed.with_suffix(".bim").read_text().splitlines()
    target.with_suffix(".fam").write_text(fam)
    target.with_suffix(".bim").write_text("\n".join(lines[::90]) + "\n")
    header, rows = bed.read_bytes()[:3], np.fromfile(bed, np.uint8, offset=3)
    calls = rows.reshape(len(lines), -1)[::90].copy()
    rng = np.random.default_rng(5)
    # A byte of 0x55 is four missing calls.
    calls[rng.random(calls.shape) < 0.02] = 0x55
    target.write_bytes(header + calls.tobytes())
    ids = [line.split()[:2] for line in fam.splitlines()]
    values = rng.normal(size=(len(ids), 40))
    values[:30, 25:] = np.nan
    phenotypes = pd.DataFrame(values, columns=[f"e{k}" for k in range(40)])
    phenotypes.insert(0, "IID", [sample for _, sample in ids])
    phenotypes.insert(0, "FID", [family for family, _ in ids])
    phenotypes.to_csv(tmp_path / "p.tsv", sep="\t", index=False, na_rep="NA")
    return target, tmp_path / "p.tsv"


@pytest.mark.parametrize("missing", ["mean", "drop"])
@pytest.mark.parametrize("precision", ["standard", "full"])
def test_missing_calls_masks_and_precision_are_the_same(
    some, simulated_gpu, assoc, missing, precision
):
    arguments = (*some, "--missing", missing, "--precision", precision, "--hit-log10p", "2")
    simulated_gpu.reset(threads="shuffled")
    assert_same_bits(assoc("cuda", *arguments), assoc("cpu", *arguments))
    assert simulated_gpu.n_violations == 0
