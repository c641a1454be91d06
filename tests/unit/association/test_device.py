"""Which device sums genotypes, and what is said where there is none."""

import ast
import dataclasses
import shutil
import sys
from pathlib import Path
from unittest import mock

import h5py
import numpy as np
import pytest
from tests.reference.cohort_files import write_cohort, write_dosages, write_table

import igwas
from igwas.association import device, scan
from igwas.association.associate import associate
from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.benchmark.fine_rounding import require_near
from igwas.context import Context, parse_gpus
from igwas.doctor import diagnose
from igwas.errors import DeviceUnavailable, OptionError

CUDA = Context(device="cuda", threads=2)


@pytest.fixture
def no_module(monkeypatch, tmp_path):
    """A build without nvcc: a package in which there is no such file."""
    package = tmp_path / "igwas"
    shutil.copytree(
        Path(igwas.__file__).parent,
        package,
        ignore=shutil.ignore_patterns("_cuda.*", "__pycache__"),
    )
    monkeypatch.setattr(igwas, "__path__", [str(package)])
    monkeypatch.delitem(sys.modules, "igwas._cuda", raising=False)
    monkeypatch.delattr(igwas, "_cuda", raising=False)


@pytest.mark.usefixtures("no_module")
def test_a_build_without_nvcc_says_so():
    with pytest.raises(DeviceUnavailable, match="no GPU backend: it was built without nvcc"):
        device.resolve_gpus(CUDA)
    assert device.cuda_status() == (
        False,
        "this build has no GPU backend: it was built without nvcc",
    )


@pytest.mark.usefixtures("no_module")
def test_without_a_gpu_doctor_is_healthy():
    diagnosis = diagnose()
    assert diagnosis.is_healthy
    assert "gpus" not in diagnosis.facts
    assert diagnosis.facts["core"]["cuda"].startswith("this build has no GPU backend")


def test_a_module_that_does_not_load_says_why(monkeypatch):
    def broken(name):
        raise ImportError("libstdc++.so.6: version not found")

    monkeypatch.setattr(device.importlib, "import_module", broken)
    with pytest.raises(DeviceUnavailable, match=r"cannot be loaded \(libstdc\+\+"):
        device.cuda_module()


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        ({"n_devices": 0, "driver_version": 0}, "there is no NVIDIA driver"),
        ({"n_devices": 0}, "there is no GPU"),
        ({"driver_version": 12_000}, "driver is older than this build's CUDA 13.0"),
    ],
)
def test_a_machine_without_a_gpu_says_why(simulated_gpu, machine, reason):
    simulated_gpu.reset(**machine)
    with pytest.raises(DeviceUnavailable, match=f"--device is 'cuda' but .*{reason}"):
        device.resolve_gpus(CUDA)
    assert not device.cuda_status()[0]


def test_all_gpus_are_used_unless_some_are_named(simulated_gpu):
    simulated_gpu.reset(n_devices=3)
    assert device.resolve_gpus(CUDA).gpus == (0, 1, 2)
    named = Context(device="cuda", gpus=(2, 0))
    assert device.resolve_gpus(named).gpus == (2, 0)
    assert device.resolve_gpus(Context(device="auto")).gpus == ()


def test_a_gpu_that_is_not_there_is_refused(simulated_gpu):
    with pytest.raises(DeviceUnavailable, match="--gpus names GPU 1; expected 0 to 0"):
        device.open_device(Context(device="cuda", gpus=(1,)))


def test_a_gpu_that_counts_right_passes_the_test(simulated_gpu):
    said = device.check_gpu(0, device.SHORT_TEST)
    assert said == (
        "96,000 sums of 150 variants x 40 columns and 98,400 statistics equal the CPU's"
    )
    assert simulated_gpu.n_violations == 0


def test_a_gpu_whose_tests_are_wrong_is_refused(simulated_gpu, monkeypatch):
    real = device._core.scan

    def one_bit_off(**arguments):
        real(**arguments)
        if arguments["device"] is not None:
            sinks[-1]["se"][3, 4] = np.nextafter(sinks[-1]["se"][3, 4], 1)

    sinks, real_sink = [], device._core.array_sink
    monkeypatch.setattr(device._core, "array_sink", lambda a: sinks.append(a) or real_sink(a))
    monkeypatch.setattr(device._core, "scan", one_bit_off)
    with pytest.raises(DeviceUnavailable, match="GPU 0 gives other tests than the CPU in 1 of"):
        device.check_gpu(0, device.SHORT_TEST)


def test_a_gpu_that_counts_wrongly_is_refused_before_the_scan(simulated_gpu, tmp_path):
    simulated_gpu.reset(corrupts_results=True)
    cohort = write_cohort(tmp_path)
    with pytest.raises(DeviceUnavailable, match="GPU 0 gives other sums than the CPU in 1 of"):
        run_scan(cohort.bed, cohort.phenotypes, tmp_path / "s.h5", context=CUDA)
    assert not (tmp_path / "s.h5.partial").exists()


@pytest.fixture
def short_tests(monkeypatch):
    """Doctor's tests of a GPU as short as those before a scan."""
    monkeypatch.setattr(device, "LONG_TEST", device.SHORT_TEST)


@pytest.mark.usefixtures("short_tests")
def test_doctor_lists_and_tests_every_gpu(simulated_gpu):
    simulated_gpu.reset(n_devices=2)
    diagnosis = diagnose()
    assert diagnosis.is_healthy
    assert diagnosis.facts["gpus"]["1"] == "CPU that plays a GPU, compute capability 9.0, 8.0 GiB"
    tested = [check.name for check in diagnosis.checks]
    assert tested[-2:] == ["sums on GPU 0", "sums on GPU 1"]


@pytest.mark.usefixtures("short_tests")
def test_doctor_says_that_a_gpu_counts_wrongly(simulated_gpu):
    simulated_gpu.reset(corrupts_results=True)
    assert not diagnose().is_healthy


def test_the_stub_lists_what_the_module_has(simulated_gpu):
    stub = ast.parse((Path(igwas.__file__).parent / "_cuda.pyi").read_text())
    kinds = (ast.FunctionDef, ast.ClassDef)
    names = {node.name for node in stub.body if isinstance(node, kinds)} - {"GpuFacts"}
    assert names == {name for name in vars(simulated_gpu.module) if not name.startswith("_")}


def test_a_card_too_small_says_what_is_missing(simulated_gpu, tmp_path):
    simulated_gpu.reset(memory_bytes=100_000)
    cohort = write_cohort(tmp_path)
    with pytest.raises(DeviceUnavailable, match="GPU 0 has 1 MiB of memory free; expected at"):
        run_scan(cohort.bed, cohort.phenotypes, tmp_path / "s.h5", context=CUDA)


def random_copies(n_variants, n_samples, seed=5):
    """Whole copies with missing calls; a constant variant, and one without a call."""
    rng = np.random.default_rng(seed)
    copies = rng.binomial(2, rng.uniform(0.05, 0.95, (n_variants, 1)), (n_variants, n_samples))
    copies = np.where(rng.random(copies.shape) < 0.05, -1, copies).astype(np.int8)
    copies[1], copies[2] = 2, -1
    return copies


def assert_same_association(found, expected):
    for field in dataclasses.fields(expected):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name))


def random_dosages(n_variants, n_samples, dtype=np.float64, seed=5):
    """Fractions of copies, common and rare, some missing; a constant variant, and one without a
    call."""
    rng = np.random.default_rng(seed)
    power = rng.uniform(0.2, 6, (n_variants, 1))
    dosage = 2 * rng.random((n_variants, n_samples)) ** power
    dosage[rng.random(dosage.shape) < 0.05] = np.nan
    dosage[1], dosage[2] = 2, np.nan
    return dosage.astype(dtype)


@pytest.mark.parametrize("dtype", [np.int8, np.float32, np.float64])
@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_whole_copies_in_memory_give_the_bits_of_the_cpu(simulated_gpu, dtype, missing):
    simulated_gpu.reset(n_devices=2, streams="random", threads="shuffled")
    copies = random_copies(300, 97)
    genotypes = copies if dtype == np.int8 else np.where(copies < 0, np.nan, copies).astype(dtype)
    rng = np.random.default_rng(6)
    values, covariates = rng.normal(size=(97, 5)), rng.normal(size=(97, 2))
    values[:9, 3:], covariates[30] = np.nan, np.nan
    options = {"missing": missing, "maf": 0.01}
    expected = associate(genotypes, values, covariates, **options)
    before = simulated_gpu.n_launches
    found = associate(genotypes, values, covariates, context=CUDA, **options)
    assert simulated_gpu.n_launches > before
    assert_same_association(found, expected)
    assert {0, 1, 2} <= set(np.unique(found.reason))
    assert simulated_gpu.n_violations == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_fractions_in_memory_are_summed_on_gpus_near_to_the_cpu(simulated_gpu, dtype, missing):
    simulated_gpu.reset(n_devices=2, streams="random", threads="shuffled")
    genotypes = random_dosages(300, 97, dtype)
    rng = np.random.default_rng(6)
    values, covariates = rng.normal(size=(97, 5)), rng.normal(size=(97, 2))
    values[:9, 3:], covariates[30] = np.nan, np.nan
    expected = associate(genotypes, values, covariates, missing=missing, maf=0.01)
    found = associate(genotypes, values, covariates, missing=missing, maf=0.01, context=CUDA)
    require_near(found, expected)
    # The dosages are the rounded ones: the CPU has not summed in the GPU's place.
    # Up from the middle, where many float32 are.
    rounded = np.floor(genotypes.astype(np.float64) * 2**21 + 0.5) / 2**21
    as_rounded = associate(rounded, values, covariates, missing=missing, maf=0.01)
    np.testing.assert_allclose(found.t, as_rounded.t, rtol=1e-8, atol=1e-10)
    assert np.nanmax(np.abs(found.t - expected.t)) > 1e-9
    assert simulated_gpu.n_violations == 0


@pytest.mark.usefixtures("simulated_gpu")
def test_plink2_dosages_in_memory_are_not_rounded_on_a_gpu():
    genotypes = np.round(random_dosages(60, 97, np.float32) * 16_384) / 16_384
    values = np.random.default_rng(6).normal(size=(97, 5))
    found, expected = associate(genotypes, values, context=CUDA), associate(genotypes, values)
    np.testing.assert_allclose(found.t, expected.t, rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(found.effect_allele_frequency, expected.effect_allele_frequency)


@pytest.mark.usefixtures("simulated_gpu")
def test_a_fraction_elsewhere_changes_no_bit_of_whole_copies_on_a_gpu():
    whole = random_dosages(40, 97, np.float64).round()
    mixed = whole.copy()
    mixed[39, 5] = 0.25
    values = np.random.default_rng(6).normal(size=(97, 3))
    found, expected = associate(mixed, values, context=CUDA), associate(whole, values, context=CUDA)
    for name in ("beta", "se", "log10p", "omnibus_log10p", "genotype_sum_of_squares", "reason"):
        np.testing.assert_array_equal(getattr(found, name)[:39], getattr(expected, name)[:39])


@pytest.mark.usefixtures("no_module")
def test_arrays_on_a_gpu_that_this_build_cannot_use_say_so():
    with pytest.raises(DeviceUnavailable, match="this build has no GPU backend"):
        associate(np.ones((2, 3)), np.ones((3, 1)), context=CUDA)


def test_gpus_without_cuda_are_an_error():
    with pytest.raises(OptionError, match="--gpus is given but --device is 'cpu'"):
        Context(gpus=(0,))
    with pytest.raises(OptionError, match="--gpus is 1,1; expected each GPU once"):
        Context(device="cuda", gpus=(1, 1))
    with pytest.raises(OptionError, match="--gpus has 'x'"):
        parse_gpus(["0", "x"])


@pytest.mark.parametrize("name", ["CUDA", "cuda:0", "gpu", "", None])
def test_a_device_that_is_none_is_refused(name):
    with pytest.raises(OptionError, match=f"--device is {name!r}; expected auto, cpu, cuda,"):
        Context(device=name)


@pytest.mark.parametrize("name", ["tensorrt", "openvino"])
def test_a_scan_refuses_devices_of_encoders(name):
    with pytest.raises(OptionError, match=f"--device is '{name}', which runs encoders only"):
        associate(np.ones((2, 3)), np.ones((3, 1)), context=Context(device=name))


def stored_as(cohort, encoding, folder):
    """The cohort's genotypes in a file of an encoding."""
    if encoding == "hardcalls":
        return cohort.bed
    write_dosages(cohort, folder / "g.h5", encoding)
    return folder / "g.h5"


def contents(path):
    """Every dataset of a file, but the time it was written."""
    found = {}
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda name, item: found.update({name: item[()]}) if hasattr(item, "shape") else None
        )
    return found


@pytest.mark.usefixtures("simulated_gpu")
@pytest.mark.parametrize("encoding", ["hardcalls", "dosage16"])
def test_a_scan_begun_on_a_gpu_is_resumed_on_the_cpu_to_the_same_bits(
    tmp_path, monkeypatch, encoding
):
    cohort = write_cohort(tmp_path, chromosomes=["1"] * 7 + ["X"] * 8)
    options = ScanOptions(mac=0)
    genotypes = stored_as(cohort, encoding, tmp_path)
    run_scan(genotypes, cohort.phenotypes, tmp_path / "cpu.h5", options=options)
    real = scan._core.scan

    def stops_at_the_second_model(**arguments):
        real(**arguments)
        monkeypatch.setattr(scan._core, "scan", mock.Mock(side_effect=KeyboardInterrupt))

    monkeypatch.setattr(scan._core, "scan", stops_at_the_second_model)
    output = tmp_path / "s.h5"
    with pytest.raises(KeyboardInterrupt):
        run_scan(genotypes, cohort.phenotypes, output, options=options, context=CUDA)
    monkeypatch.setattr(scan._core, "scan", real)
    run_scan(genotypes, cohort.phenotypes, output, options=ScanOptions(mac=0, resume=True))
    on_cpu, on_both = contents(tmp_path / "cpu.h5"), contents(output)
    for name, expected in on_cpu.items():
        np.testing.assert_array_equal(on_both[name], expected)


@pytest.mark.parametrize("encoding", ["hardcalls", "dosage8", "dosage16"])
@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_a_scan_on_gpus_gives_the_bits_of_the_cpu(simulated_gpu, tmp_path, encoding, missing):
    simulated_gpu.reset(n_devices=2, streams="random", threads="shuffled")
    cohort = write_cohort(tmp_path, n_samples=150, chromosomes=["1"] * 9 + ["X"] * 5)
    genotypes = stored_as(cohort, encoding, tmp_path)
    for name, context in {"cpu": Context(), "gpu": CUDA}.items():
        run_scan(
            genotypes, cohort.phenotypes, tmp_path / f"{name}.h5", context=context,
            options=ScanOptions(mac=0, geno=1, missing=missing, hit_log10p=0.5),
        )  # fmt: skip
    on_cpu, on_gpu = contents(tmp_path / "cpu.h5"), contents(tmp_path / "gpu.h5")
    for name, expected in on_cpu.items():
        np.testing.assert_array_equal(on_gpu[name], expected)
    assert simulated_gpu.n_launches > 2 * 4
    assert simulated_gpu.n_violations == 0


@pytest.mark.parametrize("encoding", ["hardcalls", "dosage16"])
def test_what_is_too_rounded_is_tested_again_as_on_the_cpu(simulated_gpu, tmp_path, encoding):
    """A phenotype that a variant nearly explains, and a variant that a covariate does."""
    rng = np.random.default_rng(4)
    cohort = write_cohort(tmp_path, n_samples=150, n_phenotypes=3)
    genotype = np.nan_to_num(cohort.dosage)
    values = cohort.values.copy()
    values[:, 1] = genotype[2] + 1e-3 * rng.normal(size=150)
    covariates = np.column_stack([genotype[5] + 0.05 * rng.normal(size=150), np.arange(150)])
    write_table(tmp_path / "v.tsv", values, "y")
    write_table(tmp_path / "c.tsv", covariates, "c")
    genotypes = stored_as(cohort, encoding, tmp_path)
    for name, context in {"cpu": Context(), "gpu": CUDA}.items():
        run_scan(
            genotypes, tmp_path / "v.tsv", tmp_path / f"{name}.h5", context=context,
            options=ScanOptions(mac=0, geno=1, covariates=tmp_path / "c.tsv", hit_log10p=2),
        )  # fmt: skip
    on_cpu, on_gpu = contents(tmp_path / "cpu.h5"), contents(tmp_path / "gpu.h5")
    assert len(on_cpu["hits/variant"])
    for name, expected in on_cpu.items():
        np.testing.assert_array_equal(on_gpu[name], expected)
    assert simulated_gpu.n_violations == 0
