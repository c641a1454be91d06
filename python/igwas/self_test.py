"""A one-second test of the compiled core against its float64 twin in NumPy."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from igwas.context import Context, given_context, refuse_memory_bound

N_SAMPLES, N_VARIANTS, N_PHENOTYPES = 499, 61, 5
# Betas may be off by this share of their standard error, standard errors relatively: the core
# multiplies float32 phenotypes.
BETA_TOLERANCE = 1e-5
SE_TOLERANCE = 1e-5
LOG10P_TOLERANCE = 1e-4
_CRC_OF_DIGITS = 0xE3069283

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Check:
    """One part of the self-test: its name, whether it passed, and what was seen."""

    name: str
    is_passed: bool
    detail: str


def run_self_test(context: Context | None = None) -> list[Check]:
    """Run every check; an exception is a failed check, not raised.

    Raises
    ------
    OptionError
        If the context bounds the memory.
    """
    context = given_context(context)
    refuse_memory_bound(context, "the self-test")
    parts: dict[str, Callable[[], str]] = {
        "crc32c of the standard digits": _check_crc32c,
        "zstd round trip": _check_zstd,
        "scan, missing calls as the mean": lambda: check_scan("mean", context),
        "scan, missing calls dropped": lambda: check_scan("drop", context),
        **_gpu_checks(),
    }
    return [_run(name, part) for name, part in parts.items()]


def _gpu_checks() -> dict[str, Callable[[], str]]:
    """One for each GPU; none where there is no GPU, which is no fault."""
    try:
        from igwas.association.device import LONG_TEST, check_gpu, cuda_module, cuda_status
    # The core does not load: the other checks say so.
    except ImportError:
        return {}
    if not cuda_status()[0]:
        return {}
    return {
        f"sums on GPU {gpu}": functools.partial(check_gpu, gpu, LONG_TEST)
        for gpu in range(len(cuda_module().list_gpus()))
    }


def _run(name: str, part: Callable[[], str]) -> Check:
    try:
        return Check(name, True, part())
    # The point is to report whatever is broken, a module that does not load included.
    except Exception as error:
        return Check(name, False, f"{type(error).__name__}: {error}")


def _check_crc32c() -> str:
    from igwas import _core

    found = _core.crc32c(b"123456789")
    if found != _CRC_OF_DIGITS:
        raise AssertionError(f"crc32c is {found:#x}; expected {_CRC_OF_DIGITS:#x}.")
    return f"{found:#x}"


def _check_zstd() -> str:
    from igwas import _core
    from igwas._codec import ensure_zstd

    ensure_zstd()
    data = bytes(range(256)) * 64
    packed = _core.zstd_compress(data, 3)
    if bytes(_core.zstd_decompress(packed, len(data))) != data:
        raise AssertionError("bytes differ after compression; expected the same.")
    return f"{len(data)} -> {len(packed)} bytes"


def check_scan(missing: str, context: Context) -> str:
    """Compare `igwas.associate` with `plain_scan` on a small data set with missing calls.

    Raises
    ------
    AssertionError
        Naming the quantity that differs, and by how much.
    """
    from igwas.association.associate import associate

    dosage, phenotypes, covariates = make_data()
    found = associate(dosage, phenotypes, covariates, missing=missing, context=context)
    expected = plain_scan(dosage, phenotypes, covariates, missing)
    errors = {
        "beta": np.abs(found.beta - expected["beta"]) / expected["se"] / BETA_TOLERANCE,
        "se": np.abs(found.se / expected["se"] - 1) / SE_TOLERANCE,
        "log10p": np.abs(found.log10p - expected["log10p"])
        / np.maximum(1, expected["log10p"])
        / LOG10P_TOLERANCE,
    }
    for name, error in errors.items():
        worst = float(np.max(error))
        # Not `worst > 1`: a NaN must fail.
        if not worst <= 1:
            raise AssertionError(
                f"{name} differs from the float64 twin by {worst:.3g} times the tolerance; "
                "expected at most 1."
            )
    worst_beta = float(np.max(errors["beta"])) * BETA_TOLERANCE
    n_variants, n_phenotypes = expected["beta"].shape
    return f"{n_variants} variants x {n_phenotypes} phenotypes, beta within {worst_beta:.1g} se"


def make_data() -> tuple[npt.NDArray[np.float32], Floats, Floats]:
    """Dosage float32 (variants, samples), phenotypes (samples, phenotypes), covariates.

    Common and rare variants, 5 % of calls missing, one strong effect.
    """
    generator = np.random.default_rng(20240510)
    frequency = generator.uniform(0.02, 0.98, size=(N_VARIANTS, 1))
    dosage = generator.binomial(2, frequency, size=(N_VARIANTS, N_SAMPLES)).astype(np.float32)
    covariates = generator.normal(size=(N_SAMPLES, 3))
    mixing = generator.normal(size=(N_PHENOTYPES, N_PHENOTYPES))
    phenotypes = generator.normal(size=(N_SAMPLES, N_PHENOTYPES)) @ mixing
    phenotypes += covariates @ generator.normal(size=(3, N_PHENOTYPES)) + 100
    phenotypes[:, 0] += 3 * dosage[7]
    dosage[generator.random(dosage.shape) < 0.05] = np.nan
    return dosage, phenotypes, covariates


def plain_scan(
    dosage: npt.NDArray[Any], phenotypes: Floats, covariates: Floats, missing: str
) -> dict[str, Floats]:
    """Ordinary least squares, a variant at a time, in float64: the slow definition of right.

    Returns
    -------
    dict
        beta, se and log10p, each (variants, phenotypes).
    """
    shape = (len(dosage), phenotypes.shape[1])
    result = {name: np.empty(shape) for name in ("beta", "se", "log10p")}
    for row, calls in enumerate(np.asarray(dosage, dtype=np.float64)):
        if missing == "drop":
            keep = ~np.isnan(calls)
        else:
            keep = np.ones(len(calls), dtype=bool)
            calls = np.where(np.isnan(calls), np.nanmean(calls), calls)
        n = int(keep.sum())
        design = np.column_stack([calls[keep], np.ones(n), covariates[keep]])
        inverse = np.linalg.inv(design.T @ design)
        coefficients = inverse @ (design.T @ phenotypes[keep])
        residual = phenotypes[keep] - design @ coefficients
        dof = n - design.shape[1]
        se = np.sqrt((residual**2).sum(axis=0) / dof * inverse[0, 0])
        result["beta"][row], result["se"][row] = coefficients[0], se
        log_p = stats.t.logsf(np.abs(coefficients[0] / se), dof) + np.log(2)
        result["log10p"][row] = -log_p / np.log(10)
    return result
