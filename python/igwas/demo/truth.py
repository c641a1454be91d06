"""Loci that were found beside the variants that were planted."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.simulate.cohort import OMNIBUS_POWER

# Simulated regions are at most a megabase wide, so that a signal reaches no further.
WINDOW_BP = 1_000_000
# A planted variant whose power is larger ought to be found.
SURE_POWER = 0.9
TESTS = {"omnibus": "omnibus", "minimum p": "minimum_p", "both eyes": "both_eyes"}
"""Name to show -> name in loci.tsv, or its beginning."""


@dataclass(frozen=True)
class Comparison:
    """What was found of what was planted.

    Parameters
    ----------
    planted : DataFrame
        One row a planted variant, in the order of the genome: variant_id, chromosome, position,
        phenotype, variance_explained and power of the phenotype that it moves most (where
        phenotypes are drawn, also omnibus_power, of all of them together), n_phenotypes,
        for each test in TESTS whether it found a locus there, and the strongest lead variant with
        its -log10 p.
    false_loci : DataFrame
        Rows of loci.tsv without a planted variant within WINDOW_BP.
    n_loci : dict of str to int
        Loci of each test.
    """

    planted: pd.DataFrame
    false_loci: pd.DataFrame
    n_loci: dict[str, int]

    @property
    def is_sure(self) -> npt.NDArray[np.bool_]:
        """Planted variants whose power is above SURE_POWER."""
        return np.asarray(self.planted[self.power_column] > SURE_POWER)

    @property
    def power_column(self) -> str:
        """Of the omnibus, if it is known: one phenotype of many tells little of what is found."""
        return OMNIBUS_POWER if OMNIBUS_POWER in self.planted else "power"

    @property
    def is_found(self) -> npt.NDArray[np.bool_]:
        """Planted variants that the omnibus test or the smallest p found."""
        return np.asarray(self.planted["omnibus"] | self.planted["minimum p"])

    def n_false(self, test: str) -> int:
        """False loci of a test."""
        return int(_is_of(self.false_loci, test).sum())


def compare_with_truth(loci: Path, truth: Path) -> Comparison:
    """Match loci with planted variants by their places.

    Parameters
    ----------
    loci : Path
        loci.tsv of `igwas-fast loci`.
    truth : Path
        truth.tsv of `igwas-fast simulate`.
    """
    # Types are stated: a table without rows has none of its own.
    found = pd.read_csv(loci, sep="\t", dtype={"chromosome": str, "position": int, "log10p": float})
    pairs = pd.read_csv(
        truth, sep="\t",
        dtype={"chromosome": str, "position": int, "variance_explained": float, "power": float},
    )  # fmt: skip
    planted = _one_a_variant(pairs)
    near = _near(planted, found)
    for test in TESTS:
        hits = [bool(row.any()) for row in near & _is_of(found, test)]
        planted[test] = np.array(hits, dtype=bool)
    leads, strengths = [], []
    for row in near:
        strongest = found[row].nlargest(1, "log10p")
        leads.append("" if strongest.empty else str(strongest["lead_variant"].iloc[0]))
        strengths.append(float("nan") if strongest.empty else float(strongest["log10p"].iloc[0]))
    planted["lead_variant"], planted["log10p"] = leads, strengths
    others = np.flatnonzero(~np.any(near, axis=0))
    false_loci = found.iloc[others].reset_index(drop=True)
    n_loci = {test: int(_is_of(found, test).sum()) for test in TESTS}
    return Comparison(planted, false_loci, n_loci)


def _one_a_variant(pairs: pd.DataFrame) -> pd.DataFrame:
    """The phenotype that each planted variant moves most, in the order of the genome."""
    strongest = pairs.sort_values("variance_explained", ascending=False, kind="stable")
    strongest = strongest.drop_duplicates("variant_id").sort_index()
    count = pairs.groupby("variant_id")["phenotype"].size()
    columns = ["variant_id", "chromosome", "position", "phenotype", "variance_explained", "power"]
    columns += [name for name in (OMNIBUS_POWER,) if name in pairs]
    planted = strongest[columns].reset_index(drop=True)
    planted["n_phenotypes"] = planted["variant_id"].map(count).astype("int64")
    return planted


def _near(planted: pd.DataFrame, found: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Bool (planted, loci): whether a lead lies within WINDOW_BP of a planted variant."""
    position = planted["position"].to_numpy(np.int64)[:, np.newaxis]
    distance = np.abs(position - found["position"].to_numpy(np.int64))
    chromosome = planted["chromosome"].to_numpy(object)[:, np.newaxis]
    same = chromosome == found["chromosome"].to_numpy(object)
    return np.asarray(same & (distance <= WINDOW_BP), dtype=bool)


def _is_of(found: pd.DataFrame, test: str) -> npt.NDArray[np.bool_]:
    """Loci of a test; an omnibus test may have a mask's number in its name."""
    names = found["test"].astype(str)
    return np.asarray(names.str.startswith(TESTS[test]), dtype=bool)
