"""The scan on arrays in memory."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from igwas import _core
from igwas.association.array_inputs import (
    ArrayInputs,
    array_inputs,
    dosage_array,
    on_host,
    require_same_samples,
)
from igwas.association.core_scan import core_options
from igwas.association.device import check_once, open_device, resolve_gpus
from igwas.association.device_arrays import GpuGenotypes
from igwas.association.exchange import as_numpy, gpu_of, is_foreign, library_of, to_library
from igwas.association.options import ScanOptions
from igwas.association.statistics_arrays import empty_arrays
from igwas.association.tails import log10p_student_t
from igwas.context import Context, given_context, refuse_memory_bound
from igwas.errors import DeviceUnavailable

Floats = NDArray[np.float64]
# Variants that a thread takes, and bytes of them that it decodes at once: for a core's cache, and
# for a GPU, whose lanes have pieces of up to 64 MiB.
_BLOCK_VARIANTS, _BATCH_BYTES = 256, 8 << 20
_DEVICE_BLOCK_VARIANTS, _DEVICE_BATCH_BYTES = 2_048, 64 << 20


@dataclass(frozen=True)
class Association:
    """Tests of every variant against every phenotype.

    Arrays are of the library that the genotypes came from: NumPy's, or for example PyTorch's.

    Parameters
    ----------
    beta, se, t, log10p : float64 (variants, phenotypes)
        Effect of one more copy of the effect allele, its standard error, their ratio, -log10 p.
        NaN where the variant cannot be tested.
    degrees_of_freedom : int32 (variants, phenotypes)
    n, missing_count : int32 (variants, masks)
        Samples in the test; analysed samples without a call.
    effect_allele_frequency, minor_allele_count : float64 (variants, masks)
    genotype_sum_of_squares : float64 (variants, masks)
        S, the residual sum of squares of the genotype.
    reason : uint8 (variants, masks)
        0 tested; otherwise a key of igwas.schema.REASONS.
    omnibus_f, omnibus_log10p : float64 (variants, masks)
        All phenotypes of a mask together.
    masks : int64 (phenotypes,)
        Missingness mask of each phenotype.
    phenotype_names : tuple of str
    """

    beta: Floats
    se: Floats
    t: Floats
    log10p: Floats
    degrees_of_freedom: NDArray[np.int32]
    n: NDArray[np.int32]
    missing_count: NDArray[np.int32]
    effect_allele_frequency: Floats
    minor_allele_count: Floats
    genotype_sum_of_squares: Floats
    reason: NDArray[np.uint8]
    omnibus_f: Floats
    omnibus_log10p: Floats
    masks: NDArray[np.int64]
    phenotype_names: tuple[str, ...]

    @property
    def chisq(self) -> Floats:
        """(beta / se)^2, float64 (variants, phenotypes)."""
        return self.t**2

    def as_numpy(self) -> "Association":
        """The same in NumPy arrays, which share the memory; from a GPU they are copied."""
        return self._with_arrays(lambda array: on_host(array, "results"))

    def to_library(self, library: ModuleType | None) -> "Association":
        """The same in arrays of a library that has `from_dlpack`; None leaves NumPy's."""
        return self._with_arrays(lambda array: to_library(array, library))

    def _with_arrays(self, convert: Callable[[Any], Any]) -> "Association":
        arrays = (field.name for field in fields(self) if field.name != "phenotype_names")
        return replace(self, **{name: convert(getattr(self, name)) for name in arrays})

    def to_frame(self) -> pd.DataFrame:
        """One row a test: variant, phenotype, n, effect_allele_frequency, beta, se, t, log10p."""
        if is_foreign(self.beta):
            return self.as_numpy().to_frame()
        n_variants, n_phenotypes = self.beta.shape
        return pd.DataFrame(
            {
                "variant": np.repeat(np.arange(n_variants), n_phenotypes),
                "phenotype": np.tile(np.array(self.phenotype_names, dtype=object), n_variants),
                "n": self.n[:, self.masks].ravel(),
                "effect_allele_frequency": self.effect_allele_frequency[:, self.masks].ravel(),
                "beta": self.beta.ravel(),
                "se": self.se.ravel(),
                "t": self.t.ravel(),
                "log10p": self.log10p.ravel(),
            }
        )


def associate(
    genotypes: ArrayLike,
    phenotypes: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    missing: str = "mean",
    transform: str = "none",
    mac: float = 0.0,
    maf: float = 0.0,
    geno: float = 1.0,
    context: Context | None = None,
) -> Association:
    """Regress each phenotype on each variant, covariates removed.

    y = g beta + X a + e by ordinary least squares, with X an intercept and the covariates. Each
    phenotype is analysed on the samples that have it; a sample without a complete row of
    covariates is left out.

    Parameters
    ----------
    genotypes : float64, float32 or int8 (variants, samples)
        Copies of the effect allele, 0 to 2. NaN, a negative integer, or a masked entry is missing.
        Other integer types are converted to int8.
    phenotypes : float (samples, phenotypes) or (samples,), or DataFrame
        NaN is missing. A DataFrame gives the phenotypes' names.
        Rows are samples in the order of `genotypes`.
    covariates : float (samples, covariates) or (samples,), optional
        Without the intercept, which is always added. If this and `phenotypes` have row labels
        (pandas), they are the same in the same order.
    missing : str
        `mean` puts the variant's mean in place of a missing call; `drop` leaves the sample out.
    transform : str
        `none` or `rank-inverse-normal`.
    mac, maf, geno : float
        Smallest minor allele count and frequency, largest missing rate; nothing is left out by
        default.
    context : Context, optional
        With device `cuda` genotypes are summed on GPUs: whole copies to the bits of the CPU,
        fractions rounded to the nearest 2^-21 of a copy.

    An array of whole copies is summed as hard calls are, over phenotypes in 40 bits; one with a
    fraction anywhere in float64 on the CPU. The two differ in t by 1e-12 / u of itself, with u the
    share of variance that the fit leaves of the phenotype, or the covariates of the genotype.

    On a GPU fractions become whole numbers of 2^-21 copies, and their sums are exact. Whole copies
    and 16,384ths, in which PLINK 2 stores dosages, are not rounded by that. With others t moves by
    about 1.4e-7 / s while t^2 is small beside the degrees of freedom, with s the standard deviation
    that covariates leave of the genotype, in copies: 3e-7 for a common variant, at most 2e-5 for
    an allele of 1 in 40,000. Minor allele counts move by up to 2.4e-7 n, so a variant at a filter's
    edge may fall on its other side, and dosages within one step of each other are constant.

    A variant that hardly differs between people is not tested (reason 8) where the covariates leave
    less than 1e-11 of the sum of its squares, of whole copies and on a GPU 1e-8: below, that is
    rounding.

    Any of the arrays may be another library's that speaks DLPack (PyTorch, JAX, CuPy); it is read
    where it lies, and results are arrays of the library of `genotypes`.

    Genotypes on an NVIDIA GPU are read there, and results stay on that GPU, whatever device the
    context names; none of either goes through the host. They are int8, float32 or float64 of copies
    (0 to 2, or missing), with any strides; `missing` is `mean`. Numbers of whole copies are the
    bits of the CPU's, but for `log10p`, whose logarithm is the GPU's: within 1e-12 of itself.
    Numbers of fractions are those that `context` with device `cuda` gives, again but for
    `log10p`. Phenotypes and
    covariates on a GPU are copied to the host, where the model is built. Counts and omnibus tests
    are made on the host and copied to the GPU at the end. **Shown on a simulated GPU only.**

    Returns
    -------
    Association

    Raises
    ------
    ShapeError
        If the arrays disagree on samples.
    DeviceUnavailable
        If the context asks for a device that cannot be used, or an array lies on one; if
        genotypes on a GPU are to be tested in a way that only the CPU can; if its memory is full;
        if fractions on a GPU are of more than 1,048,575 samples.
    OptionError
        If genotypes lie on a GPU that is not among those the context names, or, of genotypes in
        memory, the context's device is one of encoders only.
    InputError
        If a dosage lies outside 0 to 2; if labels of samples (pandas) differ; if a
        value is infinite, or a phenotype cannot be tested.

    References
    ----------
    Frisch & Waugh 1933, Econometrica 1:387; docs/statistics.md.

    Examples
    --------
    >>> import numpy as np, igwas
    >>> dosage = np.array([[0, 1, 2, 1, 0, 2]], dtype=np.int8)
    >>> height = np.array([1.0, 2.0, 3.1, 2.1, 0.9, 2.9])
    >>> result = igwas.associate(dosage, height)
    >>> print(f"{result.beta[0, 0]:.4f} {result.se[0, 0]:.4f} {result.log10p[0, 0]:.2f}")
    1.0250 0.0484 4.53
    """
    options = ScanOptions(
        precision="full",
        missing=missing,
        transform=transform,
        mac=mac,
        maf=maf,
        geno=geno,
        hit_log10p=1e9,
    )
    context = given_context(context)
    require_same_samples(genotypes, phenotypes)
    refuse_memory_bound(context, "a scan of arrays")
    if gpu_of(genotypes) is not None:
        _require_mean(missing)
        on_gpu = GpuGenotypes(genotypes, context)
        inputs = array_inputs(on_gpu.shape, phenotypes, covariates, options)
        return _scan_on_gpu(on_gpu, inputs, options, context)
    context = resolve_gpus(context)
    library = library_of(genotypes)
    dosage = dosage_array(as_numpy(genotypes, "genotypes"))
    inputs = array_inputs(dosage.shape, phenotypes, covariates, options)
    return _scan(dosage, inputs, options, context).to_library(library)


def _require_mean(missing: str) -> None:
    if missing != "mean":
        raise DeviceUnavailable(
            f"missing is {missing!r} and the genotypes lie on a GPU; expected 'mean': samples are "
            "left out on the CPU only. Give an array in memory (cupy.asnumpy(x), x.cpu())."
        )


def _source(dosage: NDArray[Any], context: Context) -> _core.GenotypeSource:
    if context.device == "cuda" and dosage.dtype != np.int8:
        return _core.array_source(dosage, is_fine=True)
    return _core.array_source(dosage)


def _scan(
    dosage: NDArray[Any], inputs: ArrayInputs, options: ScanOptions, context: Context
) -> Association:
    n_variants, n_phenotypes = len(dosage), len(inputs.names)
    arrays = empty_arrays(n_variants, len(inputs.masks), n_phenotypes)
    is_on_gpu = context.device == "cuda"
    blocks = _blocks(n_variants, _DEVICE_BLOCK_VARIANTS if is_on_gpu else _BLOCK_VARIANTS)
    batch_bytes = _DEVICE_BATCH_BYTES if is_on_gpu else _BATCH_BYTES
    if n_variants:
        _core.scan(
            source=_source(dosage, context),
            model=inputs.model.core,
            source_row=np.arange(n_variants, dtype=np.int64),
            excluded_reason=np.zeros(0, dtype=np.uint8),
            blocks=blocks,
            options=core_options(options, n_phenotypes, batch_bytes),
            sink=_core.array_sink(arrays),
            threads=context.n_threads,
            progress=None,
            device=open_device(context, check_once),
        )
    mask_of = inputs.mask_of
    dof = arrays.pop("degrees_of_freedom")[:, mask_of]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = arrays["beta"] / arrays["se"]
    return Association(
        t=t,
        log10p=log10p_student_t(t, dof.astype(np.float64)),
        degrees_of_freedom=dof,
        masks=mask_of,
        phenotype_names=inputs.names,
        **arrays,
    )


def _blocks(n_variants: int, size: int) -> NDArray[np.int64]:
    """(blocks, 4): number, first variant, variants, nobody haploid."""
    first = np.arange(0, n_variants, size, dtype=np.int64)
    n = np.minimum(first + size, n_variants) - first
    columns = [np.arange(len(first)), first, n, np.zeros_like(first)]
    return np.ascontiguousarray(np.column_stack(columns), dtype=np.int64)


def _scan_on_gpu(
    genotypes: GpuGenotypes, inputs: ArrayInputs, options: ScanOptions, context: Context
) -> Association:
    n_phenotypes = len(inputs.names)
    arrays = genotypes.scan(
        inputs.model.core,
        core_options(options, n_phenotypes, _BATCH_BYTES),
        n_masks=len(inputs.masks),
        n_phenotypes=n_phenotypes,
        threads=context.n_threads,
    )
    return Association(
        masks=genotypes.upload(inputs.mask_of), phenotype_names=inputs.names, **arrays
    )
