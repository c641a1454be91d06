"""Names that stand for tests of many phenotypes, so that no phenotype may have them."""

import re
from collections.abc import Iterable

from igwas.errors import InputError

OMNIBUS, MINIMUM_P, BOTH_EYES = "omnibus", "minimum_p", "both_eyes"
# Stands for every phenotype.
ALL = "all"
_RESERVED = re.compile(rf"{OMNIBUS}(_mask_\d+)?|{MINIMUM_P}|{BOTH_EYES}|{ALL}")


def refuse_test_names(names: Iterable[str], where: str) -> None:
    """Refuse phenotypes that `sumstats --phenotype` or `loci` would take for a test.

    Parameters
    ----------
    names : iterable of str
    where : str
        The file they are from.

    Raises
    ------
    InputError
        Names the first.

    Examples
    --------
    >>> refuse_test_names(["omnibus_volume", "height"], "p.tsv")
    """
    for name in names:
        if _RESERVED.fullmatch(name):
            raise InputError(
                f"{where} has a phenotype named {name!r}; expected another name, since that one "
                "stands for a test of all phenotypes. Rename it."
            )
