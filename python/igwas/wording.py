"""Numbers in sentences."""


def counted(n: int, one: str, many: str) -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "locus", "loci"), counted(1200, "locus", "loci")
    ('1 locus', '1,200 loci')
    """
    return f"{n:,} {one if n == 1 else many}"
