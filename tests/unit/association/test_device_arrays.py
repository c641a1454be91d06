"""Genotypes on a GPU in `igwas.associate`: read there, results left there. The GPU is simulated."""

import dataclasses
import gc

import numpy as np
import pytest
from tests.gpu_array_library import GpuArray, GpuLibrary

import igwas
from igwas.association import device_arrays
from igwas.association.associate import associate
from igwas.context import Context
from igwas.errors import DeviceUnavailable, InputError, OptionError, ShapeError

CUDA = Context(device="cuda", threads=2)
ORDERS = [("eager", "ascending", 1), ("lazy", "descending", 2), ("random", "shuffled", 3)]
N_SAMPLES = 97


@pytest.fixture
def library(simulated_gpu, monkeypatch):
    # Its own tests are those of test_device.py, and take longer than a scan here.
    monkeypatch.setattr(device_arrays, "check_once", lambda gpu: None)
    return GpuLibrary(simulated_gpu)


def copies(n_variants=30, dtype=np.int8, seed=5):
    """Whole copies with missing calls; a constant variant, and one without a call."""
    rng = np.random.default_rng(seed)
    found = rng.binomial(2, rng.uniform(0.05, 0.95, (n_variants, 1)), (n_variants, N_SAMPLES))
    found = np.where(rng.random(found.shape) < 0.05, -1, found)
    found[1], found[2] = 2, -1
    if dtype == np.int8:
        return found.astype(np.int8)
    return np.where(found < 0, np.nan, found).astype(dtype)


def inputs(n_phenotypes=5):
    """Phenotypes of two masks, covariates; some samples lack them."""
    rng = np.random.default_rng(6)
    values, covariates = rng.normal(size=(N_SAMPLES, n_phenotypes)), rng.normal(size=(N_SAMPLES, 2))
    values[:9, n_phenotypes // 2 :], covariates[30] = np.nan, np.nan
    return values, covariates


def assert_same(found, expected):
    """The bits of the CPU in arrays that lie on the GPU; log10p too, whose logarithm is the same
    library's here."""
    for field in dataclasses.fields(expected):
        theirs, ours = getattr(expected, field.name), getattr(found, field.name)
        if isinstance(theirs, np.ndarray):
            assert isinstance(ours, GpuArray), field.name
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours.numpy(), theirs, err_msg=field.name)
        else:
            assert ours == theirs


@pytest.mark.parametrize(("streams", "threads", "seed"), ORDERS)
@pytest.mark.parametrize("dtype", [np.int8, np.float32, np.float64])
def test_results_are_the_bits_of_the_cpu_and_stay_on_the_gpu(
    simulated_gpu, library, streams, threads, seed, dtype
):
    simulated_gpu.reset(streams=streams, threads=threads, seed=seed)
    genotypes, (values, covariates) = copies(dtype=dtype), inputs()
    given = library.put(genotypes)
    found = associate(given, values, covariates, maf=0.02)
    expected = associate(genotypes, values, covariates, maf=0.02)
    assert_same(found, expected)
    assert {0, 1, 2} <= set(np.unique(expected.reason))
    assert library.n_released == 1
    del found, given
    gc.collect()
    assert simulated_gpu.n_buffers == 0
    assert simulated_gpu.n_violations == 0


def fractions(n_variants=30, dtype=np.float32, seed=5):
    """Copies of which every third variant has fractions."""
    found = copies(n_variants, np.float64, seed)
    found[::3] *= np.random.default_rng(seed).random((len(found[::3]), N_SAMPLES)) ** 0.3
    return found.astype(dtype)


@pytest.mark.parametrize(("streams", "threads", "seed"), ORDERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fractions_on_a_gpu_are_those_of_the_gpu_in_memory(
    simulated_gpu, library, streams, threads, seed, dtype, monkeypatch
):
    monkeypatch.setattr("igwas.association.associate.check_once", lambda gpu: None)
    simulated_gpu.reset(streams=streams, threads=threads, seed=seed)
    genotypes, (values, covariates) = fractions(dtype=dtype), inputs()
    expected = associate(genotypes, values, covariates, maf=0.02, context=CUDA)
    for given in (genotypes, *layouts(genotypes).values()):
        found = associate(library.put(given), values, covariates, maf=0.02)
        assert_same(found, expected)
    on_cpu = associate(genotypes, values, covariates, maf=0.02)
    np.testing.assert_array_equal(expected.reason, on_cpu.reason)
    np.testing.assert_allclose(expected.t, on_cpu.t, rtol=1e-5, atol=1e-5)
    assert {0, 1, 2} <= set(np.unique(expected.reason))
    del found
    gc.collect()
    assert simulated_gpu.n_buffers == 0
    assert simulated_gpu.n_violations == 0


def layouts(genotypes):
    """The same values, in memory in another way."""
    wide = np.full((len(genotypes), 2 * N_SAMPLES), 77, genotypes.dtype)
    wide[:, ::2] = genotypes
    return {
        "by sample": np.asfortranarray(genotypes),
        "every other": wide[:, ::2],
        "backwards": np.ascontiguousarray(genotypes[::-1, ::-1])[::-1, ::-1],
    }


@pytest.mark.parametrize("layout", ["by sample", "every other", "backwards"])
def test_strided_genotypes_are_read_where_they_lie(library, layout):
    genotypes, (values, _) = copies(dtype=np.float32), inputs()
    given = layouts(genotypes)[layout]
    assert not given.flags.c_contiguous
    assert_same(associate(library.put(given), values), associate(genotypes, values))


@pytest.mark.parametrize("make", [copies, fractions])
def test_no_genotype_and_no_result_goes_through_the_host(simulated_gpu, library, make):
    genotypes = make(n_variants=4_000)
    values, _ = inputs(n_phenotypes=2)
    given = library.put(genotypes)
    simulated_gpu.library.cuda_sim_library_wait(library.stream(0))
    there, back = simulated_gpu.n_bytes_there, simulated_gpu.n_bytes_back
    found = associate(given, values, context=CUDA)
    # Counts, checks and fits: 32 + 24 a variant and mask, 24 a variant, two masks and three sets.
    assert simulated_gpu.n_bytes_back - back <= 4_000 * (3 * 32 + 2 * 24 + 24) + 64
    # What lies in arrays of (variants, masks): 45 bytes, some of it twice.
    assert simulated_gpu.n_bytes_there - there < 4_000 * 2 * 60 + 200_000 < genotypes.nbytes * 2
    # Of fractions the CPU's are others in the last digits.
    np.testing.assert_allclose(
        found.beta.numpy(), associate(genotypes, values).beta,
        rtol=0 if make is copies else 1e-4, atol=0 if make is copies else 1e-5,
    )  # fmt: skip


@pytest.mark.parametrize(("streams", "threads", "seed"), ORDERS)
def test_genotypes_that_are_still_being_written_are_waited_for(
    simulated_gpu, library, streams, threads, seed
):
    simulated_gpu.reset(streams=streams, threads=threads, seed=seed)
    genotypes, (values, covariates) = copies(), inputs()
    given = [library.put(array) for array in (genotypes, values, covariates)]
    found = associate(*given)
    assert_same(found, associate(genotypes, values, covariates))
    # A stream of ours, and neither default one: those wait for, and hold up, others.
    assert len(library.streams_asked) == 3
    assert all(stream is not None and stream > 2 for stream in library.streams_asked[:3])
    assert library.n_released == 3


def test_phenotypes_on_a_gpu_beside_genotypes_in_memory_are_copied(library):
    genotypes, (values, covariates) = copies(), inputs()
    found = associate(genotypes, library.put(np.asfortranarray(values)), library.put(covariates))
    np.testing.assert_array_equal(found.t, associate(genotypes, values, covariates).t)


def test_results_come_to_the_host_when_that_is_asked_for(library):
    genotypes, (values, _) = copies(), inputs()
    found, expected = associate(library.put(genotypes), values), associate(genotypes, values)
    assert found.to_frame().equals(expected.to_frame())
    np.testing.assert_array_equal(found.as_numpy().omnibus_f, expected.omnibus_f)


def test_the_array_decides_which_gpu_works(simulated_gpu, library):
    simulated_gpu.reset(n_devices=3)
    genotypes, (values, _) = copies(), inputs()
    given = library.put(genotypes, device=2)
    found = associate(given, values, context=Context(device="cuda", gpus=(1, 2)))
    assert found.log10p.device == found.n.device == 2
    assert_same(found, associate(genotypes, values))
    with pytest.raises(OptionError, match=r"genotypes lie on GPU 2 and the context names \(0, 1\)"):
        associate(given, values, context=Context(device="cuda", gpus=(0, 1)))
    simulated_gpu.reset(n_devices=2)
    with pytest.raises(DeviceUnavailable, match="lie on GPU 2 and 2 can be seen here"):
        device_arrays._require_gpu(2, Context())
    simulated_gpu.reset(n_devices=3)


@pytest.mark.parametrize(("value", "dtype", "text"), [
    (3, np.int8, "3"), (2.5, np.float32, "2.5"), (-0.25, np.float64, "-0.25"),
    (2.0000001, np.float64, "2.0000001"),
])  # fmt: skip
def test_what_is_no_copy_is_an_input_error_that_names_the_place(
    simulated_gpu, library, value, dtype, text
):
    genotypes = copies(dtype=dtype)
    genotypes[7, 96] = genotypes[8, 0] = value
    if dtype != np.int8:
        genotypes[3, 3] = 0.5  # a fraction before it
    given = library.put(genotypes)
    with pytest.raises(InputError, match=rf"^genotypes hold {text} at variant 7, sample 96; exp"):
        associate(given, inputs()[0])
    assert library.n_released == 1
    del given
    assert simulated_gpu.n_buffers == 0
    assert simulated_gpu.n_violations == 0


def test_other_types_and_axes_are_refused(library):
    values, _ = inputs()
    with pytest.raises(InputError, match="elements of type float16; expected int8, float32"):
        associate(library.put(copies().astype(np.float16)), values)
    with pytest.raises(InputError, match="elements of type uint8; expected"):
        associate(library.put(copies().astype(np.uint8)), values)
    with pytest.raises(InputError, match="elements of type int64; expected"):
        associate(library.put(copies().astype(np.int64)), values)
    with pytest.raises(ShapeError, match="genotypes have 1 axes; expected 2"):
        associate(library.put(copies()[0]), values)
    with pytest.raises(ShapeError, match="genotypes have 90 samples and phenotypes 97"):
        associate(library.put(copies()[:, :90]), values)


def test_what_is_left_to_the_cpu_is_refused(library):
    with pytest.raises(DeviceUnavailable, match="missing is 'drop' and the genotypes lie on a GPU"):
        associate(library.put(copies()), inputs()[0], missing="drop")


def test_a_library_that_takes_nothing_back_is_refused(library, monkeypatch):
    monkeypatch.setattr(GpuArray, "__array_namespace__", lambda array: object())
    with pytest.raises(InputError, match="are of tests, which has no from_dlpack; expected"):
        associate(library.put(copies()), inputs()[0])


def test_a_library_that_refuses_is_an_input_error(library, monkeypatch):
    def refuse(array, *, stream=None, **others):
        raise BufferError("needs a gradient")

    monkeypatch.setattr(GpuArray, "__dlpack__", refuse)
    with pytest.raises(InputError, match=r"cannot be taken over from tests \(needs a gradient\)"):
        associate(library.put(copies()), inputs()[0])


def test_a_capsule_of_another_kind_is_refused(library, monkeypatch):
    monkeypatch.setattr(GpuArray, "__dlpack__", lambda array, **others: np.datetime64)
    with pytest.raises(InputError, match="genotypes come in no capsule named dltensor"):
        associate(library.put(copies()), inputs()[0])


def test_no_variants_give_empty_results(library):
    found = associate(library.put(np.zeros((0, N_SAMPLES), np.int8)), inputs()[0])
    assert found.beta.numpy().shape == (0, 5)
    assert found.n.numpy().shape == (0, 2)


def words_of_want(given, values, expected):
    """What is said where memory is short; nothing if it was enough."""
    try:
        assert_same(associate(given, values), expected)
    except DeviceUnavailable as error:
        return str(error)
    return None


def test_want_of_memory_at_any_allocation_is_one_line_and_leaves_nothing(simulated_gpu, library):
    genotypes, (values, _) = copies(), inputs()
    associate(library.put(genotypes), values)
    expected = associate(genotypes, values)
    simulated_gpu.reset()
    given = GpuLibrary(simulated_gpu).put(genotypes)
    associate(given, values)
    n, n_failed = simulated_gpu.n_allocations, 0
    del given
    for failing in range(2, n + 1):
        simulated_gpu.reset(failing_allocation=failing)
        given = GpuLibrary(simulated_gpu).put(genotypes)
        words = words_of_want(given, values, expected)
        n_failed += words is not None
        assert words is None or ("; expected" in words and "\n" not in words)
        del given
        gc.collect()
        assert simulated_gpu.n_buffers == 0
        assert simulated_gpu.n_violations == 0
    assert 8 < n_failed < n - 15


def test_a_result_is_handed_out_where_it_lies_or_not_at_all(simulated_gpu):
    array = simulated_gpu.module.upload(values=np.arange(6.0).reshape(2, 3), gpu=0)
    assert array.__dlpack_device__() == (2, 0)
    for options in ({"copy": True}, {"dl_device": (1, 0)}):
        with pytest.raises(BufferError, match="results lie on a GPU"):
            array.__dlpack__(**options)
    capsules = [array.__dlpack__(stream=1), array.__dlpack__(dl_device=(2, 0), copy=False)]
    del array
    assert simulated_gpu.n_buffers == 1
    del capsules  # nobody took what is in them
    assert simulated_gpu.n_buffers == 0
    assert simulated_gpu.n_violations == 0


def test_the_gpu_is_tested_before_it_is_trusted(simulated_gpu):
    given = GpuLibrary(simulated_gpu).put(copies())
    simulated_gpu.reset(corrupts_results=True)
    with pytest.raises(igwas.errors.IgwasError, match="GPU 0 "):
        associate(given, inputs()[0])
    simulated_gpu.reset()
