"""Tables of samples (.fam, sex files) and the checks that every source shares."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from igwas.errors import InputError
from igwas.genotypes.samples import Samples

logger = logging.getLogger("igwas.genotypes")

NO_FAMILY = "0"
_SEX = {"1": 1, "2": 2, "m": 1, "f": 2, "male": 1, "female": 2}


def parse_sex(text: str) -> int:
    """Code of a sex column: 1 or male, 2 or female; anything else is 0, unknown (as in PLINK)."""
    return _SEX.get(text.lower(), 0)


def make_samples(
    sample_id: Sequence[str],
    family_id: Sequence[str] | None = None,
    sex: Sequence[int] | None = None,
    *,
    source: str,
    first_line: int | None = None,
) -> Samples:
    """Check ids and assemble Samples.

    Parameters
    ----------
    sample_id, family_id, sex
        One entry a sample, in file order; `family_id` is `0` and `sex` unknown where not given.
    source : str
        Name of the file for messages.
    first_line : int, optional
        Line of the first sample, so that messages can name lines.

    Raises
    ------
    InputError
        If there is no sample, an id is empty, or FID and IID together occur twice.
    """
    if not len(sample_id):
        raise InputError(f"{source} has no samples; expected at least 1. Check the file.")
    families = list(family_id) if family_id is not None else [NO_FAMILY] * len(sample_id)
    _check_ids(families, sample_id, source, first_line)
    return Samples(
        np.array([*families, None], dtype=object)[:-1],
        np.array([*sample_id, None], dtype=object)[:-1],
        np.zeros(len(sample_id), np.uint8) if sex is None else np.asarray(sex, np.uint8),
    )


def _place(index: int, first_line: int | None) -> str:
    return f"sample {index + 1}" if first_line is None else f"line {first_line + index}"


def _check_ids(
    families: Sequence[str], ids: Sequence[str], source: str, first_line: int | None
) -> None:
    distinct = set(ids)
    if len(distinct) == len(ids) and not distinct & {"", "0"}:
        return
    seen: dict[tuple[str, str], int] = {}
    for index, key in enumerate(zip(families, ids, strict=True)):
        if key[1] in ("", "0"):
            raise InputError(
                f"{source} {_place(index, first_line)} has sample id {key[1]!r}; expected an id "
                "(0 means missing). Give every sample an id."
            )
        first = seen.setdefault(key, index)
        if first != index:
            raise InputError(
                f"{source} has sample {' '.join(key)!r} twice ({_place(first, first_line)} and "
                f"{_place(index, first_line)}); expected unique ids. "
                "Remove or rename one of them."
            )
    n_repeated = len(ids) - len(distinct)
    if n_repeated:
        logger.warning(
            "%s: %d sample ids occur in more than one family; samples are told apart by FID and "
            "IID together",
            source,
            n_repeated,
        )


def read_fam(path: Path) -> Samples:
    """Read a PLINK .fam: FID IID father mother sex phenotype.

    Raises
    ------
    InputError
        Naming the line that has not six columns, or the repeated ids.
    """
    rows = [line.split() for line in read_lines(path)]
    if set(map(len, rows)) - {6}:
        number, fields = next((n, row) for n, row in enumerate(rows, start=1) if len(row) != 6)
        raise InputError(
            f"{path} line {number} has {len(fields)} columns; expected 6 "
            "(FID IID father mother sex phenotype). Repair the line."
        )
    families, ids, _, _, sexes, _ = zip(*rows, strict=True) if rows else [()] * 6
    code = {text: parse_sex(text) for text in set(sexes)}
    sex = [code[text] for text in sexes]
    return make_samples(ids, families, sex, source=str(path), first_line=1)


def read_lines(path: Path) -> list[str]:
    """Lines of a small UTF-8 text file, blank lines at its end left out.

    Raises
    ------
    InputError
        If it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} has a byte that is not UTF-8 at offset {error.start}; expected UTF-8 text. "
            "Convert it with iconv."
        ) from error


def with_sex_file(samples: Samples, path: Path) -> Samples:
    """Set sex from a file of IID SEX (or FID IID SEX), with or without a header.

    Samples the file does not name keep the sex they have.

    Raises
    ------
    InputError
        If a line has not two or three columns, or the file names none of the samples.
    """
    by_id: dict[tuple[str, str], int] = {}
    for number, line in enumerate(read_lines(path), start=1):
        fields = line.split()
        if len(fields) not in (2, 3):
            raise InputError(
                f"{path} line {number} has {len(fields)} columns; expected IID SEX or "
                "FID IID SEX. Repair the line."
            )
        if number == 1 and fields[-1].lower() == "sex":
            continue
        # A family id of 0 says nothing: such a line, and one without, is about the IID alone.
        family = fields[0] if len(fields) == 3 and fields[0] != "0" else ""
        sex = parse_sex(fields[-1])
        if by_id.setdefault((family, fields[-2]), sex) != sex:
            raise InputError(
                f"{path} line {number} gives {fields[-2]!r} another sex than a line before; "
                "expected one sex a person. Remove one of the lines."
            )
    found = [
        by_id.get((family, name), by_id.get(("", name)))
        for family, name in zip(samples.family_id, samples.sample_id, strict=True)
    ]
    if (samples.family_id == "0").all():
        # The genotypes have no families: the file's cannot be compared with anything.
        found = _sex_by_iid(by_id, samples, path)
    n_found = sum(sex is not None for sex in found)
    if not n_found:
        raise InputError(
            f"{path} names none of the {len(samples)} samples (first: "
            f"{samples.sample_id[0]!r}); expected their ids. Check the ids."
        )
    logger.info("sex of %d of %d samples from %s", n_found, len(samples), path)
    sexes = [
        int(known) if given is None else given
        for given, known in zip(found, samples.sex, strict=True)
    ]
    return Samples(samples.family_id, samples.sample_id, np.array(sexes, np.uint8))


def _sex_by_iid(
    by_id: dict[tuple[str, str], int], samples: Samples, path: Path
) -> list[int | None]:
    by_iid: dict[str, int] = {}
    for (_, name), sex in by_id.items():
        if by_iid.setdefault(name, sex) != sex:
            raise InputError(
                f"{path} has {name!r} in several families with different sexes, and the genotypes "
                "have no family ids; expected unique IIDs. Write one line a person."
            )
    return [by_iid.get(name) for name in samples.sample_id]
