"""`igwas-fast simulate`."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from igwas.cli.options import (
    CommaList,
    F,
    overwrite_option,
    say,
    threads_option,
    verbosity_options,
)
from igwas.errors import OptionError
from igwas.simulate.eye_options import EyeOptions
from igwas.simulate.options import CHROMOSOMES, CohortOptions

_DEFAULTS = CohortOptions(n_samples=2000, n_variants=20_000)
_EYES = EyeOptions()
# Options of phenotypes that are drawn directly, and of eyes that are photographed.
_DIRECT = ("n_phenotypes", "n_planted", "planted_phenotypes", "variance_explained")
_OF_EYES = ("n_clear", "clear_share", "n_faint", "faint_share", "one_eye_fraction")
_OF_PHOTOGRAPHS = ("width_px", "resume")
_EXAMPLE = """\b
Example:
  igwas-fast simulate -o cohort --samples 2000 --variants 20000 --seed 7
  igwas-fast simulate -o cohort --samples 1200 --photographs
"""


def _option(flag: str, name: str, text: str, **settings: Any) -> Callable[[F], F]:
    """Declare an option with the default that the function's options have for it."""
    is_of_eyes = name in (field.name for field in dataclasses.fields(_EYES))
    default = getattr(_EYES if is_of_eyes else _DEFAULTS, name)
    return click.option(flag, name, default=default, show_default=True, help=text, **settings)


def _range(flag: str, name: str, text: str) -> Callable[[F], F]:
    return _option(flag, name, text, nargs=2, type=float, metavar="LOW HIGH")


class _Numbers(CommaList):
    """A comma-separated list of numbers."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the numbers; OptionError (exit 2) if one is none."""
        try:
            return tuple(float(item) for item in super().convert(value, param, ctx))
        except ValueError as error:
            name = param.opts[-1] if param is not None else "the value"
            raise OptionError(
                f"{name} is {value!r}; expected numbers with commas between, such as 0.9,0.1."
            ) from error


def _shares(flag: str, name: str, text: str) -> Callable[[F], F]:
    default = getattr(_DEFAULTS, name)
    shown = ",".join(f"{value:g}" for value in default)
    return click.option(flag, name, type=_Numbers(), default=default, show_default=shown,
                        metavar="A,B,...", help=text)  # fmt: skip


@click.command(epilog=_EXAMPLE)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the cohort to.",
)
@_option("--samples", "n_samples", "Genotyped samples.")
@_option("--variants", "n_variants", "Variants.")
@_option("--seed", "seed", "The same seed gives the same bytes.")
@_range("--missing-rate", "missing_rate", "Share of missing calls of a variant.")
@_option("--related", "related_fraction", "Share of samples with a relative in the cohort.")
@_option("--unphenotyped", "unphenotyped_fraction", "Share of samples without phenotypes.")
@_shares("--ancestries", "ancestry_fractions", "Share of each ancestry.")
@_shares("--fst", "ancestry_fst", "Differentiation of each, from the ancestral frequencies.")
@_option("--admixed", "admixed_fraction", "Share of samples of mixed ancestry.")
@click.option(
    "--chromosomes",
    type=CommaList(),
    default=",".join(CHROMOSOMES),
    show_default="1-22 and X",
    help="Chromosomes to place variants on.",
)
@_option("--heritability", "heritability", "Share of variance of many small effects.")
@_option("--phenotypes", "n_phenotypes", "Phenotypes.")
@_option("--planted", "n_planted", "Variants that act on phenotypes.")
@_option("--planted-phenotypes", "planted_phenotypes",
         "Phenotypes that each planted variant acts on.")  # fmt: skip
@_range("--variance-explained", "variance_explained",
        "Share of variance a planted variant explains.")  # fmt: skip
@click.option("--photographs", is_flag=True,
              help="Draw photographs of eyes: phenotypes are their parameters.")  # fmt: skip
@_option("--clear", "n_clear", "Variants that move each parameter clearly.")
@_range("--clear-share", "clear_share", "Share of a parameter's variance that one explains.")
@_option("--faint", "n_faint", "Further variants, too faint to be found.")
@_range("--faint-share", "faint_share", "Share of a parameter's variance that one explains.")
@_option("--one-eye", "one_eye_fraction", "Share of people with one eye photographed.")
@click.option("--width", "width_px", default=320, show_default=True,
              help="Of a photograph, pixels.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with interrupted photographs.")
@threads_option
@overwrite_option
@verbosity_options
@click.pass_context
def simulate(
    context: click.Context,
    /,
    output: Path,
    photographs: bool,
    width_px: int,
    resume: bool,
    threads: int,
    overwrite: bool,
    **options: Any,
) -> None:
    """Simulate a cohort with known answers: .bed/.bim/.fam, phenotypes.h5, covariates, truth.

    With --photographs also photographs of eyes and their manifest: variants, age, sex and ancestry
    move the parameters that they are drawn from; phenotypes.h5 has those parameters.
    """
    from igwas.cli.progress import track
    from igwas.context import Context
    from igwas.simulate import simulate_cohort
    from igwas.simulate.cohort_photographs import simulate_photographed_cohort

    _refuse_others(context, photographs)
    of_eyes = {name: options.pop(name) for name in _OF_EYES}
    chosen = CohortOptions(**options)
    if not photographs:
        with track("simulating", "variants") as progress:
            files = simulate_cohort(output, chosen, overwrite=overwrite, progress=progress)
        say(map(str, files.all()))
        return
    summary = simulate_photographed_cohort(
        output,
        chosen,
        EyeOptions(**of_eyes),
        width_px=width_px,
        resume=resume,
        overwrite=overwrite,
        context=Context(threads=threads),
        track=track,
    )
    say(map(str, summary.all()))


def _refuse_others(context: click.Context, photographs: bool) -> None:
    """Refuse options that the chosen kind of cohort would ignore."""
    ignored = _DIRECT if photographs else (*_OF_EYES, *_OF_PHOTOGRAPHS)
    flags = {param.name: param.opts[-1] for param in context.command.params}
    for name in ignored:
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            needs = "no --photographs" if photographs else "--photographs"
            raise OptionError(
                f"{flags[name]} is given, but is not used {'with' if photographs else 'without'} "
                f"--photographs; expected {needs}. Leave one out."
            )
