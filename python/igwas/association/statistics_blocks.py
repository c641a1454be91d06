"""Runs of variants of a statistics file: what is stored, and what follows from it."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from igwas.association.lazy_array import Index
from igwas.association.tails import log10p_f, log10p_student_t
from igwas.errors import CorruptFile

FloatArray = npt.NDArray[np.float64]


# Rounding of a stored beta moves beta^2 S by this share of it.
_RESOLUTION = float(np.finfo(np.float32).eps)

# The p of F is stored as computed; another number of phenotypes gives another p by far. So many
# phenotypes are taken to be constant at most.
_SAME_P = 1e-9
_MOST_FEWER = 64


@dataclass(frozen=True)
class TestBlock:
    """Tests of a run of variants; float64 (variants, phenotypes), NaN where untested."""

    __test__ = False  # pytest would take the name for a test class

    beta: FloatArray
    se: FloatArray
    t: FloatArray
    degrees_of_freedom: FloatArray

    def take(self, rows: Index, columns: Index) -> Self:
        """Single tests: `rows` and `columns` of the block paired up."""
        return type(self)(
            self.beta[rows, columns],
            self.se[rows, columns],
            self.t[rows, columns],
            self.degrees_of_freedom[rows, columns],
        )

    def log10p(self) -> FloatArray:
        """-log10 of the two-sided p of t."""
        log10p: FloatArray = log10p_student_t(self.t, self.degrees_of_freedom)
        return log10p


@dataclass(frozen=True)
class OmnibusBlock:
    """Omnibus tests of a run of variants for one mask; every array is float64 (variants,)."""

    f_statistic: FloatArray
    dof1: FloatArray
    dof2: FloatArray
    log10p: FloatArray

    def with_settled_dof(self) -> Self:
        """The same tests, degrees of freedom made sure of.

        Where samples without a call are dropped, a phenotype can be constant among those that are
        left: the variant's test is then of fewer phenotypes than its model's, which the file does
        not say. The stored p does: it is that of F with one number of phenotypes only.
        """
        dof1, total = self.dof1.copy(), self.dof1 + self.dof2
        is_tested = np.isfinite(self.f_statistic) & np.isfinite(self.log10p)
        for fewer in range(_MOST_FEWER):
            rows = np.flatnonzero(is_tested & (self.dof1 - fewer >= 1))
            own = self.dof1[rows] - fewer
            p = log10p_f(self.f_statistic[rows], own, total[rows] - own)
            is_same = np.isclose(p, self.log10p[rows], rtol=_SAME_P, atol=_SAME_P)
            dof1[rows[is_same]] = own[is_same]
            is_tested[rows[is_same]] = False
            if not is_tested.any():
                break
        return type(self)(self.f_statistic, dof1, total - dof1, self.log10p)


class BlockReader:
    """Computes the tests of runs of variants.

    Parameters
    ----------
    file : h5py.File
        An open statistics file.
    masks : int64 (phenotypes,)
        Missingness mask of each phenotype.
    done : bool (blocks,) or None
        Blocks that are done, in an unfinished file; variants of the others read as NaN.
    """

    def __init__(self, file: Any, masks: Index, done: npt.NDArray[np.bool_] | None) -> None:
        self._file = file
        self._masks = masks
        self._done = done
        self._block_start: Index = file["/progress/block_start"][:]
        self._stores_se = "/se" in file
        self._residual_ss: FloatArray = file["/phenotypes/residual_sum_of_squares"][:]
        self._omnibus_dof: FloatArray = file["/models/omnibus_dof"][:].astype(np.float64)

    def beta(self, start: int, stop: int, columns: Index) -> npt.NDArray[np.float32]:
        """Read the stored effects, float32 (variants, columns)."""
        beta: npt.NDArray[np.float32] = self._file["/beta"][start:stop]
        if not np.array_equal(columns, np.arange(beta.shape[1])):
            beta = beta[:, columns]
        beta[self._undone(start, stop)] = np.nan
        if np.isinf(beta).any():
            row = start + int(np.argwhere(np.isinf(beta))[0, 0])
            raise CorruptFile(
                f"{self._file.filename} has an infinite beta in row {row:,}; expected finite "
                "numbers, or NaN where nothing was tested. The file was damaged or changed: scan "
                "again."
            )
        return beta

    def tests(self, start: int, stop: int, columns: Index) -> TestBlock:
        """Compute the tests of variants start to stop for the listed columns.

        With missing calls filled by the mean, se^2 = (y'y - beta^2 S) / (dof S), where y'y is the
        residual sum of squares of the phenotype in the variant's model; otherwise se is stored.
        """
        beta = self.beta(start, stop, columns).astype(np.float64)
        dof = self._file["/variant_statistics/degrees_of_freedom"][start:stop]
        dof = dof[:, self._masks[columns]].astype(np.float64)
        if self._stores_se:
            se = self._file["/se"][start:stop][:, columns].astype(np.float64)
        else:
            se = self._standard_error(start, stop, columns, beta, dof)
        with np.errstate(invalid="ignore", divide="ignore"):
            se = np.where(np.isfinite(beta), se, np.nan)
            t = beta / se
        return TestBlock(beta, se, t, dof)

    def _standard_error(
        self, start: int, stop: int, columns: Index, beta: FloatArray, dof: FloatArray
    ) -> FloatArray:
        masks = self._masks[columns]
        s = self._file["/variant_statistics/genotype_sum_of_squares"][start:stop]
        # One mask and one model, the usual case, broadcast: a gather of each costs more than all.
        s = s[:, masks[:1]] if (masks == masks[:1]).all() else s[:, masks]
        # A model below 0 tested nothing there: beta is NaN, so any row of the table will do.
        model = np.maximum(self._file["/variants/model"][start:stop].astype(np.int64), 0)
        yy = self._residual_ss[:, columns]
        yy = yy[model[:1]] if (model == model[:1]).all() else yy[model]
        with np.errstate(invalid="ignore", divide="ignore"):
            residual = beta * beta
            residual *= s
            np.subtract(yy, residual, out=residual)
            # What float32 beta can resolve of a near-perfect fit; the table of hits has it exact.
            np.maximum(residual, _RESOLUTION * yy, out=residual)
            residual /= dof * s
            np.sqrt(residual, out=residual)
        return residual

    def _undone(self, start: int, stop: int) -> npt.NDArray[np.bool_]:
        if self._done is None:
            return np.zeros(stop - start, np.bool_)
        block = np.searchsorted(self._block_start, np.arange(start, stop), side="right") - 1
        return ~self._done[block]

    def omnibus(self, start: int, stop: int, mask: int) -> OmnibusBlock:
        """Read the omnibus tests of variants start to stop, over the phenotypes of one mask."""
        model = self._file["/variants/model"][start:stop]
        t_dof = self._file["/variant_statistics/degrees_of_freedom"][start:stop, mask]
        dof1, dof2 = self.omnibus_dof(model, t_dof, mask)
        f_statistic = self._file["/omnibus/f_statistic"][start:stop, mask].astype(np.float64)
        log10p = self._file["/omnibus/log10p"][start:stop, mask].astype(np.float64)
        undone = self._undone(start, stop)
        f_statistic[undone] = log10p[undone] = np.nan
        return OmnibusBlock(f_statistic, dof1, dof2, log10p)

    def omnibus_dof(
        self, model: npt.NDArray[Any], t_dof: npt.NDArray[Any], mask: int
    ) -> tuple[FloatArray, FloatArray]:
        """Degrees of freedom of F: K, and N - C - K; those of t are N - C - 1.

        Parameters
        ----------
        model : int (variants,)
            Model of each variant.
        t_dof : int (variants,)
            Degrees of freedom of its t test.
        mask : int
            Missingness mask.
        """
        dof1 = self._omnibus_dof[np.maximum(model.astype(np.int64), 0), mask]
        return dof1, t_dof.astype(np.float64) + 1 - dof1
