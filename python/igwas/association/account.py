"""The account of what each step of a selection left out, so that nothing is lost silently."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class AccountLine:
    """One step of a selection.

    Parameters
    ----------
    step : str
        What is required at this step.
    n_before, n_after : int
        Samples or variants before and after it.
    examples : tuple of str
        The first ids that were left out here.
    """

    step: str
    n_before: int
    n_after: int
    examples: tuple[str, ...] = ()

    @property
    def n_lost(self) -> int:
        """How many this step left out."""
        return self.n_before - self.n_after


def describe_account(account: Sequence[AccountLine]) -> list[str]:
    """Word an account as aligned lines for the screen.

    Examples
    --------
    >>> print(*describe_account([AccountLine("in a.bed", 379, 379),
    ...                          AccountLine("with a row in p.txt", 379, 373, ("HG1", "HG2"))]),
    ...       sep=chr(10))
    in a.bed             379
    with a row in p.txt  373  (6 left out: HG1, HG2, ...)
    """
    width = max((len(line.step) for line in account), default=0)
    digits = max((len(f"{line.n_after:,}") for line in account), default=0)
    return [f"{line.step:<{width}}  {line.n_after:>{digits},}{_left_out(line)}" for line in account]


def _left_out(line: AccountLine) -> str:
    if not line.n_lost:
        return ""
    shown = ", ".join(line.examples)
    more = ", ..." if line.n_lost > len(line.examples) else ""
    return (
        f"  ({line.n_lost:,} left out: {shown}{more})" if shown else f"  ({line.n_lost:,} left out)"
    )
