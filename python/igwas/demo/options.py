"""What the demo is asked to do; checked when made."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from igwas.errors import OptionError

PEOPLE = 1200
PEOPLE_WITHOUT_PHOTOGRAPHS = 2000
# Fewer are too few to split into people for training, validation and test, and to test variants on.
_LEAST_PEOPLE = 80


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Size of the demo.

    Parameters
    ----------
    people : int, optional
        Genotyped people; by default 1,200, and 2,000 without photographs.
    variants : int
        Variants.
    seed : int
        Of the cohort and of the encoder.
    steps : int
        Steps of training.
    photographs : bool
        Whether photographs are drawn and the pipeline starts from them; otherwise phenotypes are
        drawn directly and it starts from the genotypes.
    phenotypes : int
        Phenotypes that are drawn without photographs.

    Raises
    ------
    OptionError
        If a number is too small.
    """

    people: int | None = None
    variants: int = 20_000
    seed: int = 1
    steps: int = 260
    photographs: bool = True
    phenotypes: int = 128

    def __post_init__(self) -> None:
        least = {"people": _LEAST_PEOPLE, "variants": 100, "seed": 0, "steps": 1, "phenotypes": 1}
        for name, smallest in least.items():
            value = getattr(self, name)
            if value is not None and value < smallest:
                raise OptionError(
                    f"--{name} is {value}; expected {smallest} or more. Give a larger number."
                )

    @property
    def n_people(self) -> int:
        """People with the default filled in."""
        if self.people is not None:
            return self.people
        return PEOPLE if self.photographs else PEOPLE_WITHOUT_PHOTOGRAPHS

    def as_dict(self) -> dict[str, Any]:
        """What decides the results, as JSON types."""
        return dataclasses.asdict(self) | {"people": self.n_people}
