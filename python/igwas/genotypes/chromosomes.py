"""One name for each chromosome, whatever the source calls it."""

import re

import numpy as np
import numpy.typing as npt

from igwas.errors import InputError

AUTOSOMES: tuple[str, ...] = tuple(str(number) for number in range(1, 23))
PSEUDO_AUTOSOMAL: tuple[str, ...] = ("PAR1", "PAR2", "XY")
CHROMOSOMES: tuple[str, ...] = (*AUTOSOMES, "PAR1", "X", "PAR2", "XY", "Y", "MT")

# Where everyone has one copy; on X only males do (outside the pseudo-autosomal regions).
HAPLOID: tuple[str, ...] = ("Y", "MT")

# PLINK 1 writes 23 X, 24 Y, 25 XY (pseudo-autosomal), 26 MT.
_ALIASES = {"23": "X", "24": "Y", "25": "XY", "26": "MT", "M": "MT"}
# NCBI's names in its GRCh37 and GRCh38: the number is the chromosome, after the point stands the
# version of its sequence. Other assemblies have other numbers (T2T-CHM13 is NC_060925 and on).
_REFSEQ = re.compile(r"NC_0000([01][0-9]|2[0-4])\.[0-9]+|NC_(012920)\.[0-9]+")
_KNOWN = {name: name for name in CHROMOSOMES} | _ALIASES


def normalise_chromosome(name: str, *, allow_unknown: bool = False) -> str:
    """Map a source's chromosome name to ours.

    Case, a leading `chr` and leading zeros do not matter; PLINK's numbers 23 to 26 are X, Y, XY and
    MT; RefSeq's NC_000001.V to NC_000024.V are 1 to 22, X and Y, and NC_012920.V is MT, whatever
    the version V, which must be there. `XY`, `PAR1` and `PAR2` are all pseudo-autosomal and are
    kept apart.

    Parameters
    ----------
    name : str
        As the source writes it.
    allow_unknown : bool
        Return an unknown name as it stands (a contig, another species) instead of failing.

    Returns
    -------
    str
        One of CHROMOSOMES, or `name` itself.

    Raises
    ------
    InputError
        If the name is unknown and unknown names are not allowed.

    Examples
    --------
    >>> [normalise_chromosome(name) for name in ("chr1", "01", "23", "chrM", "NC_000002.12")]
    ['1', '1', 'X', 'MT', '2']
    """
    stripped = name.strip().upper().removeprefix("CHR")
    refseq = _REFSEQ.fullmatch(stripped)
    if refseq:
        stripped = refseq[1] or "MT"
    bare = stripped.lstrip("0")
    known = _KNOWN.get(bare if bare.isdigit() else stripped)
    if known is not None:
        return known
    if allow_unknown and name.strip():
        return name.strip()
    raise InputError(
        f"chromosome {name[:40]!r} is unknown; expected 1-22, X, Y, XY, PAR1, PAR2 or MT "
        "(23-26 and a leading chr are understood). Leave such variants out of the source, or keep "
        "them with --allow-unknown-chromosomes."
    )


def analysed_samples(name: str, sex: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which samples the scan analyses on a chromosome: of known sex on X, males on Y, else all.

    Parameters
    ----------
    name : str
        As the source writes it; an unknown name counts as an autosome.
    sex : uint8 (samples,)
        0 unknown, 1 male, 2 female.

    Returns
    -------
    bool (samples,)
    """
    known = normalise_chromosome(name, allow_unknown=True)
    if known == "Y":
        return np.asarray(np.equal(sex, 1))
    return np.asarray(np.not_equal(sex, 0)) if known == "X" else np.ones(len(sex), np.bool_)


def haploid_samples(name: str, sex: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which samples have one copy of a chromosome: everyone of Y and MT, males of X.

    Parameters
    ----------
    name : str
        As the source writes it; an unknown name counts as an autosome.
    sex : uint8 (samples,)
        1 is male.

    Returns
    -------
    bool (samples,)
    """
    known = normalise_chromosome(name, allow_unknown=True)
    if known in HAPLOID:
        return np.ones(len(sex), np.bool_)
    if known == "X":
        is_male: npt.NDArray[np.bool_] = np.equal(sex, 1)
        return is_male
    return np.zeros(len(sex), np.bool_)
