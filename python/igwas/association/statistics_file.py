"""statistics.h5, read lazily: beta is stored; se, t, chi-square and -log10 p are computed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.association.lazy_array import SLAB_BYTES, Index, LazyArray, unknown_name
from igwas.association.omnibus_choice import choose_mask, describe_members
from igwas.association.statistics_blocks import BlockReader, OmnibusBlock, TestBlock
from igwas.closing import Closing
from igwas.errors import IncompleteFile, OptionError
from igwas.hdf5 import open_hdf5, read_texts
from igwas.phenotypes.eye_names import EyeLabel, stored_labels
from igwas.schema import REASONS, STATISTICS
from igwas.wording import counted

VARIANT_TEXT = ("chromosome", "id", "effect_allele", "other_allele")
_MAX_SLAB_ROWS = 65_536


class StatisticsFile(Closing):
    """An open statistics.h5. Arrays stay in the file until they are indexed.

    Attributes
    ----------
    path : Path
    n_variants, n_phenotypes, n_masks : int
    phenotype_names : list of str
    labels : list of (eye, dimension)
        Eye (left, right, mean, difference or none) and dimension of each phenotype; read from the
        names in files of versions that did not store them.
    masks : int64 (phenotypes,)
        Missingness mask of each phenotype.
    beta, se, t, chisq, log10p : LazyArray (variants, phenotypes)
        Effect per copy of the effect allele, its standard error, their ratio, its square, and
        -log10 of the two-sided p. NaN where the variant could not be tested. Columns are also
        addressed by name: `file.beta[:100, "height"]`.
    n, missing_count, effect_allele_frequency, minor_allele_count, genotype_sum_of_squares,
    degrees_of_freedom, reason : LazyArray (variants, masks)
    omnibus_f_statistic, omnibus_log10p : LazyArray (variants, masks)
    is_complete : bool
        False only for unfinished files opened on purpose; their undone variants read as NaN.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self.path = Path(file.filename)
        self.attributes: dict[str, Any] = dict(file.attrs)
        self.n_variants, self.n_phenotypes = (int(length) for length in file["/beta"].shape)
        self.n_masks = int(file["/variant_statistics/n"].shape[1])
        self.phenotype_names: list[str] = list(read_texts(file["/phenotypes/name"]))
        self.labels: list[EyeLabel] = stored_labels(file, self.phenotype_names)
        self.masks: Index = file["/phenotypes/mask"][:].astype(np.int64)
        # The count of hits is the last thing a scan writes.
        self.is_complete = int(file["/hits/count"][0]) >= 0
        self._done = file["/progress/done"][:] != 0
        self._reader = BlockReader(file, self.masks, None if self.is_complete else self._done)
        self.slab_rows = int(
            np.clip(SLAB_BYTES // (4 * max(1, self.n_phenotypes)), 1024, _MAX_SLAB_ROWS)
        )
        self._declare_arrays()

    def _declare_arrays(self) -> None:
        pairs: dict[str, Any] = {
            "beta": self._reader.beta,
            "se": lambda *at: self._reader.tests(*at).se,
            "t": lambda *at: self._reader.tests(*at).t,
            "chisq": lambda *at: self._reader.tests(*at).t ** 2,
            "log10p": lambda *at: self._reader.tests(*at).log10p(),
        }
        for name, read in pairs.items():
            array = LazyArray(
                (self.n_variants, self.n_phenotypes),
                np.float32 if name == "beta" else np.float64,
                read, slab_rows=self.slab_rows, names=self.phenotype_names,
            )  # fmt: skip
            setattr(self, name, array)
        for described in STATISTICS.arrays:
            folder, _, name = described.path[1:].partition("/")
            if described.axes == ("variant", "mask"):
                prefix = "omnibus_" if folder == "omnibus" else ""
                setattr(self, prefix + name, self._per_mask(described.path))

    beta: LazyArray
    se: LazyArray
    t: LazyArray
    chisq: LazyArray
    log10p: LazyArray
    n: LazyArray
    missing_count: LazyArray
    effect_allele_frequency: LazyArray
    minor_allele_count: LazyArray
    genotype_sum_of_squares: LazyArray
    degrees_of_freedom: LazyArray
    reason: LazyArray
    omnibus_f_statistic: LazyArray
    omnibus_log10p: LazyArray

    def _per_mask(self, path: str) -> LazyArray:
        dataset = self._file[path]
        return LazyArray(
            (self.n_variants, self.n_masks),
            dataset.dtype,
            lambda start, stop, columns: dataset[start:stop][:, columns],
            slab_rows=_MAX_SLAB_ROWS,
        )

    def __repr__(self) -> str:
        return (
            f"<StatisticsFile {self.path.name}: {counted(self.n_variants, 'variant', 'variants')} "
            f"x {counted(self.n_phenotypes, 'phenotype', 'phenotypes')}>"
        )

    def close(self) -> None:
        """Close the file; its lazy arrays cannot be read afterwards."""
        self._file.close()

    @property
    def options(self) -> dict[str, Any]:
        """Options of the scan that decide its result."""
        return dict(json.loads(self.attributes.get("options", "{}")))

    @property
    def is_dropping(self) -> bool:
        """Whether samples without a call were dropped, variant by variant."""
        return self.attributes.get("missing") == "drop"

    @property
    def is_projection(self) -> bool:
        """Whether it is of linear combinations, made by `igwas-fast project`."""
        return "projection" in self.options

    @property
    def account(self) -> list[dict[str, Any]]:
        """How many samples each step kept: step, n_before, n_after."""
        return list(json.loads(self.attributes.get("account", "[]")))

    @property
    def scanned_names(self) -> list[str]:
        """Phenotypes of the scan; of a projection, those that were combined."""
        if "/projection/phenotype" in self._file:
            return list(read_texts(self._file["/projection/phenotype"]))
        return self.phenotype_names

    @property
    def blocks(self) -> tuple[int, int]:
        """Blocks of variants done, and in all."""
        return int(self._done.sum()), int(self._done.size)

    @property
    def chromosomes(self) -> list[str]:
        """Those that were tested, model by model."""
        groups = read_texts(self._file["/models/chromosomes"])
        return [name for group in groups for name in group.split(",") if name]

    @property
    def has_info(self) -> bool:
        """Whether the imputation information of the variants is stored."""
        return "/variants/info" in self._file

    @property
    def n_hits(self) -> int:
        """Rows of the table of hits; 0 in an unfinished file, whose hits are not yet gathered."""
        return max(0, int(self._file["/hits/count"][0]))

    @property
    def mask_samples(self) -> Index:
        """Samples of each mask, int64 (masks,): of the model that has most."""
        samples: Index = self._file["/models/n_samples"][:].max(axis=0).astype(np.int64)
        return samples

    def largest_sample_size(self, phenotype: str) -> int:
        """Count the samples of a phenotype; the largest mask's where the name is no phenotype's."""
        if phenotype in self.phenotype_names:
            return int(self.mask_samples[self.masks[self.phenotype_index(phenotype)]])
        return int(self.mask_samples.max())

    def phenotype_index(self, phenotype: str | int) -> int:
        """Column of a phenotype given by name or by column.

        Raises
        ------
        OptionError
            If there is no such phenotype; the message lists the closest names.
        """
        if isinstance(phenotype, str):
            if phenotype in self.phenotype_names:
                return self.phenotype_names.index(phenotype)
            raise OptionError(f"{self.path}: {unknown_name(phenotype, self.phenotype_names)}")
        if not -self.n_phenotypes <= phenotype < self.n_phenotypes:
            raise OptionError(
                f"phenotype {phenotype} is not in {self.path}; expected a column from 0 to "
                f"{self.n_phenotypes - 1}."
            )
        return int(phenotype) % self.n_phenotypes

    def read_tests(self, start: int, stop: int, columns: Index) -> TestBlock:
        """Compute the tests of variants start to stop for the listed columns."""
        return self._reader.tests(start, stop, columns)

    def read_omnibus(self, start: int, stop: int, mask: int) -> OmnibusBlock:
        """Read the omnibus tests of variants start to stop, over the phenotypes of one mask."""
        return self._reader.omnibus(start, stop, mask)

    def variant_text(self, name: str, start: int, stop: int) -> npt.NDArray[np.object_]:
        """One of the text columns of the variants as bytes, (stop - start,)."""
        values = self._file[f"/variants/{name}"][start:stop]
        return np.asarray(values, dtype=object)

    def positions(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """1-based positions of variants start to stop."""
        positions: npt.NDArray[np.int64] = self._file["/variants/position"][start:stop]
        return positions

    def models(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Row of the model that tested each of variants start to stop; below 0 where none did."""
        models: npt.NDArray[np.int64] = self._file["/variants/model"][start:stop].astype(np.int64)
        return models

    def array(self, path: str) -> Any:
        """Read one of the small arrays whole: those of models, phenotypes and progress."""
        return self._file[path][...]

    def covariance(self, model: int) -> npt.NDArray[np.float64]:
        """Cross-products of the phenotypes' residuals in a model, (phenotypes, phenotypes).

        NaN between phenotypes of different masks.
        """
        covariance: npt.NDArray[np.float64] = self._file["/phenotypes/covariance"][model]
        return covariance

    def info(self, start: int, stop: int) -> npt.NDArray[np.float32] | None:
        """Imputation information of variants start to stop, if stored."""
        return self._file["/variants/info"][start:stop] if self.has_info else None

    def variants(self, start: int = 0, stop: int | None = None) -> pd.DataFrame:
        """Variants start to stop: chromosome, position, id, effect_allele, other_allele, info."""
        start, stop, _ = slice(start, stop).indices(self.n_variants)
        text = {
            name: [value.decode() for value in self.variant_text(name, start, stop)]
            for name in VARIANT_TEXT
        }
        columns: dict[str, Any] = {"chromosome": text["chromosome"]}
        columns["position"] = self.positions(start, stop)
        columns |= {name: text[name] for name in VARIANT_TEXT[1:]}
        if self.has_info:
            columns["info"] = self.info(start, stop)
        return pd.DataFrame(columns, index=pd.RangeIndex(start, max(start, stop), name="variant"))

    def to_frame(
        self, phenotype: str | int, start: int = 0, stop: int | None = None
    ) -> pd.DataFrame:
        """One phenotype's tests of variants start to stop, untested ones included.

        Returns
        -------
        DataFrame
            The columns of `variants`, then n, effect_allele_frequency, minor_allele_count, beta,
            se, t, log10p and reason (`tested`, or why not).
        """
        column = self.phenotype_index(phenotype)
        start, stop, _ = slice(start, stop).indices(self.n_variants)
        frame = self.variants(start, stop)
        mask = int(self.masks[column])
        for name in ("n", "effect_allele_frequency", "minor_allele_count"):
            frame[name] = getattr(self, name)[start:stop, mask]
        rows = slice(start, stop)
        for name in ("beta", "se", "t", "log10p"):
            frame[name] = getattr(self, name)[rows, column]
        frame["reason"] = reason_names(self.reason[rows, mask])
        return frame

    def omnibus(self, variants: Any = slice(None), mask: int | None = None) -> pd.DataFrame:
        """Omnibus test of the chosen variants.

        Parameters
        ----------
        variants : int, slice or array
            Rows, as NumPy takes them.
        mask : int, optional
            Missingness mask; by default as `omnibus_mask` chooses.

        Returns
        -------
        DataFrame
            f_statistic, dof1, dof2, log10p, one row a variant.
        """
        rows = np.atleast_1d(np.arange(self.n_variants)[variants])
        chosen = self.omnibus_mask(mask)
        model = self._file["/variants/model"][:][rows]
        dof1, dof2 = self._reader.omnibus_dof(model, self.degrees_of_freedom[rows, chosen], chosen)
        block = OmnibusBlock(
            self.omnibus_f_statistic[rows, chosen], dof1, dof2, self.omnibus_log10p[rows, chosen]
        )
        if self.is_dropping:
            block = block.with_settled_dof()
        return pd.DataFrame(vars(block), index=pd.Index(rows, name="variant"))

    def omnibus_mask(self, mask: int | None = None) -> int:
        """Check a mask number; None takes the mask that `loci` takes.

        That is the mask of the means of eyes where the file has them; else the one with the most
        phenotypes, of these the one with the most samples, of these the first
        (`igwas.association.omnibus_choice`).

        Raises
        ------
        OptionError
            If there is no such mask.
        """
        if mask is None:
            return choose_mask(self.labels, self.masks, self.mask_samples)
        if not 0 <= mask < self.n_masks:
            raise OptionError(
                f"mask is {mask}; expected 0 to {self.n_masks - 1}: {self.path} has "
                f"{self.n_masks} groups of phenotypes that share their missing samples."
            )
        return mask

    def describe_mask(self, mask: int) -> str:
        """Phenotypes and people of a mask, such as `all 16 phenotypes, 1,000 people`."""
        members = np.flatnonzero(self.masks == mask)
        number = f" (mask {mask})" if self.n_masks > 1 else ""
        return (
            f"{describe_members(self.phenotype_names, self.labels, members)}, "
            f"{counted(int(self.mask_samples[mask]), 'person', 'people')}{number}"
        )

    def hits(self) -> pd.DataFrame:
        """Read the tests above the scan's threshold: the variant, phenotype, beta, se, log10p."""
        count = self.n_hits
        table = {
            name: self._file[f"/hits/{name}"][:count]
            for name in ("variant", "phenotype", "beta", "se", "log10p")
        }
        order = np.lexsort((table["phenotype"], table["variant"]))
        rows = table["variant"][order]
        frame = self.variants_at(rows)
        names = np.asarray(self.phenotype_names, dtype=object)
        frame["phenotype"] = list(names[table["phenotype"][order]])
        for name in ("beta", "se", "log10p"):
            frame[name] = table[name][order]
        return frame

    def top(
        self, count: int, phenotype: str | int | None = None, *, mask: int | None = None
    ) -> pd.DataFrame:
        """Table of the strongest tests, strongest first; see `igwas.association.ranking.top`."""
        from igwas.association import ranking

        return ranking.top(self, count, phenotype, mask=mask)

    def lambda_gc(self, phenotype: str | int) -> float:
        """Genomic control of a phenotype; see `igwas.association.ranking.lambda_gc`."""
        from igwas.association import ranking

        return ranking.lambda_gc(self, phenotype)

    def variants_at(self, rows: Index | Sequence[int]) -> pd.DataFrame:
        """Variants of the listed rows, in that order; rows may repeat."""
        rows = np.asarray(rows, dtype=np.int64)
        wanted, where = np.unique(rows, return_inverse=True)
        starts = np.flatnonzero(np.diff(wanted, prepend=-(10**9)) > 4096)
        pieces = [
            self.variants(int(run[0]), int(run[-1]) + 1).loc[run]
            for run in np.split(wanted, starts[1:])
            if run.size
        ]
        frame = pd.concat(pieces) if pieces else self.variants(0, 0)
        return frame.iloc[where]


def reason_names(codes: npt.NDArray[np.uint8]) -> list[str]:
    """Names of reason codes; a code of a later version is shown as its number."""
    return [REASONS[code][0] if code in REASONS else str(code) for code in codes.tolist()]


def refuse_unfinished(partial: Path, wanted: Path) -> None:
    """Say how much of a scan is done whose output is not there yet.

    Raises
    ------
    IncompleteFile
        Always, unless the partial file cannot be read: InputError.
    """
    with open_statistics(partial, allow_incomplete=True) as file:
        done, total = file.blocks
    raise IncompleteFile(
        f"{wanted} does not exist; {partial.name} beside it is a scan that did not finish: "
        f"{done:,} of {total:,} blocks of variants are done; expected all. Run the same "
        '"igwas-fast assoc" command again with --resume.'
    )


def open_statistics(path: Path | str, *, allow_incomplete: bool = False) -> StatisticsFile:
    """Open a statistics.h5 for reading.

    Parameters
    ----------
    path : Path or str
        The file.
    allow_incomplete : bool
        Open a file whose scan did not finish; variants not yet done read as NaN.

    Returns
    -------
    StatisticsFile
        A context manager; nothing large is read until its arrays are indexed.

    Raises
    ------
    IncompleteFile
        If the scan did not finish and `allow_incomplete` is false.
    InputError
        If it is no statistics file, or damaged.
    """
    statistics = StatisticsFile(open_hdf5(path, STATISTICS))
    if not statistics.is_complete and not allow_incomplete:
        done, total = statistics.blocks
        statistics.close()
        raise IncompleteFile(
            f"{path} is unfinished: {done:,} of {total:,} blocks of variants are done; expected "
            'all. Run the same "igwas-fast assoc" command again with --resume.'
        )
    return statistics
