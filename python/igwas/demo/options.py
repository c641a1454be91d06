"""What the demo is asked to do; checked when made."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from igwas.errors import OptionError

PEOPLE = 1500
PEOPLE_WITHOUT_PHOTOGRAPHS = 2000
STEPS = 100
PHENOTYPES = 128
# Fewer are too few to split into people for training, validation and test, and to test variants on.
_LEAST_PEOPLE = 80


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Size of the demo.

    Parameters
    ----------
    people : int, optional
        Genotyped people; by default 1,500, and 2,000 without photographs.
    variants : int
        Variants.
    seed : int
        Of the cohort and of the encoder.
    steps : int, optional
        Steps of training; by default 100.
    photographs : bool
        Whether photographs are drawn and the pipeline starts from them; otherwise phenotypes are
        drawn directly and it starts from the genotypes.
    phenotypes : int, optional
        Phenotypes that are drawn without photographs; by default 128.

    Raises
    ------
    OptionError
        If a number is too small, or an option is for the other kind of demo.
    """

    people: int | None = None
    variants: int = 20_000
    seed: int = 1
    steps: int | None = None
    photographs: bool = True
    phenotypes: int | None = None

    def __post_init__(self) -> None:
        least = {"people": _LEAST_PEOPLE, "variants": 100, "seed": 0, "steps": 1, "phenotypes": 1}
        for name, smallest in least.items():
            value = getattr(self, name)
            if value is not None and value < smallest:
                raise OptionError(
                    f"--{name} is {value}; expected {smallest} or more. Give a larger number."
                )

        if self.photographs and self.phenotypes is not None:
            raise OptionError(
                f"--phenotypes is {self.phenotypes}, but with photographs the encoder makes them; "
                "expected --without-photographs beside it. Add that, or leave --phenotypes out."
            )
        if not self.photographs and self.steps is not None:
            raise OptionError(
                f"--steps is {self.steps}, but without photographs no encoder is trained; expected "
                "one of the two options. Leave one out."
            )

    @property
    def n_people(self) -> int:
        """People with the default filled in."""
        if self.people is not None:
            return self.people
        return PEOPLE if self.photographs else PEOPLE_WITHOUT_PHOTOGRAPHS

    @property
    def n_steps(self) -> int:
        """Steps with the default filled in."""
        return STEPS if self.steps is None else self.steps

    @property
    def n_phenotypes(self) -> int:
        """Phenotypes with the default filled in."""
        return PHENOTYPES if self.phenotypes is None else self.phenotypes

    def as_dict(self) -> dict[str, Any]:
        """What decides the results, as JSON types."""
        return dataclasses.asdict(self) | {
            "people": self.n_people, "steps": self.n_steps, "phenotypes": self.n_phenotypes,
        }  # fmt: skip
