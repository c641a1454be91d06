"""The scan from files: sex chromosomes, filters, lists, resume; every number against the twin."""

import logging

import h5py
import numpy as np
import pytest
from tests.reference.cohort_files import write_bed, write_cohort, write_dosages, write_table
from tests.reference.ordinary_least_squares import Rules
from tests.reference.ordinary_least_squares import scan as plain_scan

from igwas import Context, ScanOptions, open_statistics, run_scan
from igwas.association import plan, scan
from igwas.errors import (
    DeviceUnavailable,
    IncompleteFile,
    InputError,
    OptionError,
    OutputError,
)

# beta is stored as float32: half a unit in its last place; se is worked out from it.
STORED_RTOL = 1e-6
# The same from hits, omnibus and counts, which are stored in float64.
ALGEBRA_RTOL = 1e-9

CHROMOSOMES = ["1"] * 3 + ["PAR1"] * 2 + ["X"] * 4 + ["Y"] * 3 + ["MT"] * 3


def run(cohort, output, **options):
    # The plain twin is float64; what the standard precision costs is tested beside it.
    chosen = {"mac": 0, "geno": 1, "hit_log10p": 0, "precision": "full", **options}
    return run_scan(cohort.bed, cohort.phenotypes, output, options=ScanOptions(**chosen))


def read(path):
    names = ("n", "missing_count", "effect_allele_frequency", "minor_allele_count", "reason")
    with h5py.File(path) as file:
        found = {name: file[f"/variant_statistics/{name}"][:] for name in names}
        found["beta"] = file["/beta"][:].astype(float)
        found["omnibus"] = file["/omnibus/log10p"][:]
        found["mask"] = file["/phenotypes/mask"][:]
    with open_statistics(path) as statistics:
        found["se"] = np.asarray(statistics.se[:, :])
        found["log10p"] = np.asarray(statistics.log10p[:, :])
    return found


def assert_equals_twin(path, twin):
    found = read(path)
    mask = found["mask"]
    for ours, theirs in {
        "n": "n", "missing_count": "missing_count", "reason": "reason",
        "effect_allele_frequency": "eaf", "minor_allele_count": "mac",
    }.items():  # fmt: skip
        np.testing.assert_allclose(
            found[ours][:, mask], getattr(twin, theirs), rtol=ALGEBRA_RTOL, atol=1e-12, err_msg=ours
        )
    for name in ("beta", "se"):
        np.testing.assert_allclose(found[name], getattr(twin, name), rtol=STORED_RTOL, atol=1e-9)
    np.testing.assert_allclose(found["log10p"], twin.log10p, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        found["omnibus"][:, mask], twin.omnibus_log10p, rtol=1e-8, atol=1e-10
    )


@pytest.mark.parametrize("missing", ["mean", "drop"])
@pytest.mark.parametrize("with_covariates", [False, True])
def test_every_chromosome_equals_the_plain_twin(tmp_path, missing, with_covariates):
    cohort = write_cohort(tmp_path, n_samples=101, chromosomes=CHROMOSOMES, unknown_sex=4)
    cohort.values[5:25, 1] = np.nan
    write_table(cohort.phenotypes, cohort.values, "Y")
    options = {"covariates": cohort.covariates} if with_covariates else {}
    run(cohort, tmp_path / "s.h5", missing=missing, **options)
    twin = plain_scan(
        cohort.dosage,
        cohort.values,
        cohort.covariate_values if with_covariates else None,
        Rules(missing=missing),
        chromosomes=CHROMOSOMES,
        sex=cohort.sex,
    )
    assert np.isfinite(twin.beta).all()
    assert_equals_twin(tmp_path / "s.h5", twin)


def test_filters_equal_the_plain_twin(tmp_path):
    cohort = write_cohort(tmp_path, n_samples=80, chromosomes=["1"] * 6 + ["X"] * 4)
    rng = np.random.default_rng(2)
    cohort.dosage[0] = 2 * rng.binomial(1, 0.5, 80)  # no heterozygotes
    cohort.dosage[1] = np.arange(80) % 8 == 0
    cohort.dosage[2, :40] = np.nan
    cohort.dosage[7] = 2 * rng.binomial(1, 0.5, 80)
    write_bed(cohort.bed, cohort.dosage, cohort.chromosomes, cohort.sex.tolist())
    limits = {"mac": 5.0, "maf": 0.15, "geno": 0.3, "hwe": 1e-6}
    run(cohort, tmp_path / "s.h5", **limits)
    twin = plain_scan(
        cohort.dosage, cohort.values, None, Rules(**limits),
        chromosomes=cohort.chromosomes, sex=cohort.sex,
    )  # fmt: skip
    assert {4, 5, 6} < set(twin.reason[:, 0].astype(int))
    assert_equals_twin(tmp_path / "s.h5", twin)


def test_a_cohort_of_one_sex_is_scanned_on_x(tmp_path):
    """Sex is then constant: the intercept explains it."""
    cohort = write_cohort(tmp_path, chromosomes=["X"] * 4)
    cohort.sex[:] = 2
    write_bed(cohort.bed, cohort.dosage, cohort.chromosomes, cohort.sex.tolist())
    run(cohort, tmp_path / "s.h5")
    twin = plain_scan(cohort.dosage, cohort.values, chromosomes=cohort.chromosomes, sex=cohort.sex)
    assert_equals_twin(tmp_path / "s.h5", twin)


def test_women_only_have_no_tests_on_y(tmp_path):
    cohort = write_cohort(tmp_path, chromosomes=["1", "1", "Y"])
    cohort.sex[:] = 2
    write_bed(cohort.bed, cohort.dosage, cohort.chromosomes, cohort.sex.tolist())
    run(cohort, tmp_path / "s.h5")
    assert read(tmp_path / "s.h5")["reason"].ravel().tolist() == [0, 0, 10]


def test_samples_of_unknown_sex_are_named_in_a_warning(tmp_path, caplog):
    cohort = write_cohort(tmp_path, chromosomes=["X"] * 3, unknown_sex=4)
    with caplog.at_level(logging.WARNING, "igwas"):
        run(cohort, tmp_path / "s.h5")
    assert "4 of 60 samples have no sex" in caplog.text


def test_hits_are_the_tests_of_the_file_in_full_precision(tmp_path):
    cohort = write_cohort(tmp_path, n_samples=90)
    summary = run(cohort, tmp_path / "s.h5", hit_log10p=0.7)
    twin = plain_scan(cohort.dosage, cohort.values)
    variant, phenotype = np.nonzero(twin.log10p >= 0.7)
    assert summary.n_hits == len(variant) > 0
    with h5py.File(tmp_path / "s.h5") as file:
        n = int(file["/hits/count"][0])
        assert file["/hits/variant"][:n].tolist() == variant.tolist()
        assert file["/hits/phenotype"][:n].tolist() == phenotype.tolist()
        np.testing.assert_allclose(
            file["/hits/beta"][:n], twin.beta[variant, phenotype], rtol=ALGEBRA_RTOL
        )


def arrays_bytes(path):
    found = {}
    with h5py.File(path) as file:
        for name in ("beta", "variant_statistics/genotype_sum_of_squares", "omnibus/log10p"):
            found[name] = file[name][:].tobytes()
        for name in ("variant", "phenotype", "beta", "se", "log10p"):
            found[name + " of hits"] = file[f"hits/{name}"][: file["hits/count"][0]].tobytes()
    return found


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(plan, "BLOCK_VARIANTS", 3)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("precision", ["standard", "full"])
def test_threads_change_no_bit(tmp_path, precision):
    cohort = write_cohort(
        tmp_path, n_samples=257, chromosomes=sorted(CHROMOSOMES * 2, key=CHROMOSOMES.index)
    )
    options = ScanOptions(mac=0, geno=1, hit_log10p=0, precision=precision)
    results = []
    for threads in (1, 2, 4, 7):
        output = tmp_path / f"{threads}.h5"
        context = Context(threads=threads)
        run_scan(cohort.bed, cohort.phenotypes, output, options=options, context=context)
        results.append(arrays_bytes(output))
    assert all(result == results[0] for result in results)


@pytest.mark.usefixtures("small_blocks")
def test_an_interrupted_scan_is_resumed_to_the_same_bits(tmp_path, monkeypatch):
    cohort = write_cohort(tmp_path, chromosomes=["1"] * 7 + ["X"] * 8)
    run(cohort, tmp_path / "whole.h5")
    output = tmp_path / "s.h5"
    real = scan._core.scan
    calls = []

    def second_model_fails(**arguments):
        calls.append(len(arguments["blocks"]))
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(**arguments)

    monkeypatch.setattr(scan._core, "scan", second_model_fails)
    with pytest.raises(KeyboardInterrupt):
        run(cohort, output)
    assert not output.exists()
    with pytest.raises(IncompleteFile, match=r"interrupted run.*--resume"):
        run(cohort, output)
    with pytest.raises(IncompleteFile, match="other inputs or options"):
        run(cohort, output, resume=True, mac=1)
    run(cohort, output, resume=True)
    assert calls == [3, 3, 3]  # the first model is not computed again
    assert arrays_bytes(output) == arrays_bytes(tmp_path / "whole.h5")
    assert not list(tmp_path.glob("*.partial*"))


def test_overwrite_discards_what_is_there(tmp_path):
    cohort = write_cohort(tmp_path)
    output = tmp_path / "s.h5"
    output.write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"exists.*--overwrite"):
        run(cohort, output)
    assert output.read_bytes() == b"precious"
    run(cohort, output, overwrite=True)
    assert read(output)["beta"].shape == (8, 2)


def test_a_scan_that_cannot_test_anything_leaves_nothing(tmp_path):
    cohort = write_cohort(tmp_path)
    with pytest.raises(InputError, match=r"none of 8 variants can be tested \(8 mac\)"):
        run(cohort, tmp_path / "s.h5", mac=1000)
    assert not list(tmp_path.glob("s.h5*"))


@pytest.mark.parametrize(
    ("options", "context", "error", "text"),
    [
        ({}, Context(device="cuda", gpus=(99,)), DeviceUnavailable, "expected"),
        ({}, Context(max_memory_bytes=1000), OptionError, "--max-memory is 0 MiB"),
        ({"info": 0.5}, Context(), InputError, "no imputation information"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(
    tmp_path, options, context, error, text
):
    cohort = write_cohort(tmp_path)
    with pytest.raises(error) as caught:
        run_scan(
            cohort.bed, cohort.phenotypes, tmp_path / "s.h5",
            options=ScanOptions(**options), context=context,
        )  # fmt: skip
    assert text in str(caught.value)
    assert not list(tmp_path.glob("s.h5*"))


def test_a_missing_output_folder_is_an_output_error(tmp_path):
    cohort = write_cohort(tmp_path)
    with pytest.raises(OutputError, match="nowhere does not exist"):
        run(cohort, tmp_path / "nowhere" / "s.h5")


def test_progress_counts_variants_up_to_the_total(tmp_path):
    cohort = write_cohort(tmp_path, chromosomes=CHROMOSOMES)
    seen = []
    run_scan(
        cohort.bed, cohort.phenotypes, tmp_path / "s.h5",
        options=ScanOptions(mac=0, geno=1), progress=lambda *numbers: seen.append(numbers),
    )  # fmt: skip
    assert seen[-1] == (15, 15)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_an_output_that_is_an_input_is_refused(tmp_path):
    cohort = write_cohort(tmp_path)
    partial = cohort.phenotypes.rename(tmp_path / "out.h5.partial")
    bim, fam = cohort.bed.with_suffix(".bim"), cohort.bed.with_suffix(".fam")
    for output in (cohort.bed, bim, fam, partial, tmp_path / "out.h5"):
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        with pytest.raises(OptionError, match="would replace"):
            run_scan(cohort.bed, partial, output, options=ScanOptions(overwrite=True))
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_damaged_journal_loses_no_hits(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(plan, "BLOCK_VARIANTS", 3)
    cohort = write_cohort(tmp_path, chromosomes=("1",) * 30)
    options = {"mac": 0, "geno": 1, "hit_log10p": 0.5}
    whole, output = tmp_path / "whole.h5", tmp_path / "out.h5"
    run_scan(cohort.bed, cohort.phenotypes, whole, options=ScanOptions(**options))
    n_calls = 0

    def stop(done, total):
        nonlocal n_calls
        n_calls += 1
        raise KeyboardInterrupt

    # The last report comes when all blocks are done, before hits are gathered.
    with pytest.raises(KeyboardInterrupt):
        run_scan(
            cohort.bed, cohort.phenotypes, output, options=ScanOptions(**options), progress=stop
        )
    assert n_calls == 1
    journal = tmp_path / "out.h5.partial.hits"
    content = bytearray(journal.read_bytes())
    content[len(content) // 2] ^= 1
    journal.write_bytes(content)
    with caplog.at_level(logging.WARNING, logger="igwas"):
        run_scan(cohort.bed, cohort.phenotypes, output, options=ScanOptions(**options, resume=True))
    assert "is damaged" in caplog.text
    with open_statistics(whole) as expected, open_statistics(output) as found:
        assert len(expected.hits()) > 5
        assert expected.hits().equals(found.hits())


def test_hwe_of_one_is_the_strictest_threshold(tmp_path):
    cohort = write_cohort(tmp_path, chromosomes=("1",) * 12)
    found = {}
    for hwe in (0.0, 0.05, 1.0):
        options = ScanOptions(mac=0, geno=1, hwe=hwe, overwrite=True)
        summary = run_scan(cohort.bed, cohort.phenotypes, tmp_path / "out.h5", options=options)
        found[hwe] = summary.reasons.get("hwe", 0)
    assert found[0.0] == 0 < found[1.0] >= found[0.05]


def test_more_phenotypes_than_degrees_of_freedom_is_said(tmp_path, caplog):
    cohort = write_cohort(tmp_path, n_samples=12, n_phenotypes=14)
    with caplog.at_level(logging.WARNING, logger="igwas"):
        run_scan(
            cohort.bed, cohort.phenotypes, tmp_path / "out.h5", options=ScanOptions(mac=0, geno=1)
        )
    assert "no omnibus test of mask 0" in caplog.text


@pytest.mark.parametrize("chromosome", ["Y", "MT"])
def test_beta_of_one_copy_is_the_difference_of_those_who_have_the_allele(tmp_path, chromosome):
    cohort = write_cohort(tmp_path, n_samples=80, chromosomes=[chromosome] * 3)
    carriers = 2.0 * np.random.default_rng(3).binomial(1, 0.4, cohort.dosage.shape)
    cohort.sex[:] = 1
    write_bed(cohort.bed, carriers, cohort.chromosomes, cohort.sex.tolist())
    run(cohort, tmp_path / "s.h5")
    with open_statistics(tmp_path / "s.h5") as statistics:
        found, se = statistics.beta[:], statistics.se[:]
    with h5py.File(tmp_path / "s.h5") as file:
        squares = file["/variant_statistics/genotype_sum_of_squares"][:, 0]
    for v, row in enumerate(carriers):
        has, lacks = cohort.values[row == 2], cohort.values[row == 0]
        np.testing.assert_allclose(found[v], has.mean(axis=0) - lacks.mean(axis=0), rtol=1e-5)
        pooled = (len(has) * has.var(axis=0) + len(lacks) * lacks.var(axis=0)) / 78
        np.testing.assert_allclose(se[v], np.sqrt(pooled * (1 / len(has) + 1 / len(lacks))), 1e-5)
        np.testing.assert_allclose(squares[v], len(has) * len(lacks) / 80, rtol=1e-9)


def test_hardy_weinberg_of_dosages_is_refused(tmp_path):
    cohort = write_cohort(tmp_path)
    path = tmp_path / "g.h5"
    write_dosages(cohort, path)
    with pytest.raises(InputError, match=r"g\.h5 holds dosages.*hard calls for --hwe 1e-06"):
        run_scan(path, cohort.phenotypes, tmp_path / "s.h5", options=ScanOptions(hwe=1e-6))
    assert not list(tmp_path.glob("s.h5*"))


@pytest.mark.parametrize("name", ["omnibus", "minimum_p", "both_eyes", "omnibus_mask_0", "all"])
def test_a_phenotype_with_the_name_of_a_test_is_refused(tmp_path, name):
    cohort = write_cohort(tmp_path)
    text = cohort.phenotypes.read_text()
    cohort.phenotypes.write_text(text.replace("Y0", name, 1))
    with pytest.raises(InputError, match=f"has a phenotype named '{name}'; expected another name"):
        run(cohort, tmp_path / "s.h5")
    cohort.phenotypes.write_text(text.replace("Y0", name + "s", 1))
    run(cohort, tmp_path / "s.h5")


def test_a_run_of_an_older_arithmetic_is_not_gone_on_with(tmp_path, monkeypatch):
    cohort = write_cohort(tmp_path)
    run(cohort, tmp_path / "s.h5")
    assert run(cohort, tmp_path / "s.h5", resume=True).was_finished
    monkeypatch.setattr(plan, "_ARITHMETIC", plan._ARITHMETIC + 1)
    with pytest.raises(IncompleteFile, match="was made with other inputs or options"):
        run(cohort, tmp_path / "s.h5", resume=True)
