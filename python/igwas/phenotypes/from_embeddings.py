"""embeddings.h5 -> phenotypes.h5: photographs to people."""

import json
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.phenotypes.basis_file import (
    LinearBasis,
    fit_basis,
    new_basis,
    read_basis,
    refuse_basis_output,
)
from igwas.phenotypes.eye_names import eye_name
from igwas.phenotypes.image_choice import (
    ImageAccount,
    best_images,
    choose_visit,
    clip_values,
    far_images,
    n_chosen_blindly,
)
from igwas.phenotypes.image_covariates import covariate_columns, image_covariates, regress_out
from igwas.phenotypes.image_table import ImageFacts, ImageTable, read_embeddings
from igwas.phenotypes.left_right_basis import fit_left_right_basis
from igwas.phenotypes.options import OUTLIER_LIMITS, PhenotypeOptions
from igwas.phenotypes.people import Eyes, average_eyes, eye_values, left_right_correlation
from igwas.phenotypes.phenotypes_file import write_phenotypes
from igwas.phenotypes.transform import rank_inverse_normal
from igwas.sole_writer import refuse_inputs, refuse_special, sole_writer
from igwas.wording import counted

_log = logging.getLogger("igwas")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PhenotypeSummary:
    """What was made, and of whom; `describe` gives the lines for the screen."""

    output: Path
    n_images: int
    steps: list[tuple[str, int]]
    n_participants: dict[str, int]
    correlation: float
    n_phenotypes: int
    notes: list[str]

    def describe(self) -> list[str]:
        """Lines for the screen: the account of images and people, then the file."""
        used = self.n_images - sum(number for _, number in self.steps)
        lines = [_images(self.n_images)]
        lines += [f"{_images(number)} left out: {reason}" for reason, number in self.steps]
        people = self.n_participants
        lines.append(
            f"{_images(used)} used, of {_participants(people['all'])}: {people['left']:,} with a "
            f"left eye, {people['right']:,} with a right eye, {people['both']:,} with both"
        )
        if people["none"]:
            have = "has" if people["none"] == 1 else "have"
            lines.append(f"{_participants(people['none'])} {have} no image that is used")
        if np.isfinite(self.correlation):
            lines.append(f"left-right correlation over all dimensions: {self.correlation:.3f}")
        return [
            *lines,
            *self.notes,
            f"{self.output}: {_participants(people['all'])} x "
            f"{counted(self.n_phenotypes, 'phenotype', 'phenotypes')}",
        ]


def _images(n: int) -> str:
    return counted(n, "image", "images")


def _participants(n: int) -> str:
    return counted(n, "participant", "participants")


def make_phenotypes(
    embeddings: Path | str, output: Path | str, *, options: PhenotypeOptions | None = None
) -> PhenotypeSummary:
    """Turn the embeddings of photographs into phenotypes of people.

    Parameters
    ----------
    embeddings : Path
        embeddings.h5.
    output : Path
        phenotypes.h5.
    options : PhenotypeOptions, optional

    Raises
    ------
    InputError
        If a file cannot be used, no image is left, or an eye that is asked for is not there.
    OptionError
        If the options contradict each other.
    OutputError
        If the output exists.
    """
    options = options or PhenotypeOptions()
    embeddings, output = Path(embeddings), Path(output)
    inputs = {"embeddings": embeddings}
    for role in ("images", "image_table", "basis"):
        path = getattr(options, role)
        if path is not None:
            inputs[role] = path
    for path, option in ((output, "--output"), (options.save_basis, "--save-basis")):
        if path is not None:
            refuse_special(path)
            refuse_inputs(path, inputs, option=option)
    if options.save_basis is not None:
        refuse_basis_output(options.save_basis, output, overwrite=options.overwrite)
    with sole_writer(output):
        return _Maker(embeddings, output, inputs, options).run()


class _Maker:
    """One run: the photographs, their account, and the options."""

    def __init__(
        self, embeddings: Path, output: Path, inputs: dict[str, Path], options: PhenotypeOptions
    ) -> None:
        self.output, self.inputs, self.options = output, inputs, options
        self.images = read_embeddings(embeddings)
        self.facts = ImageFacts(self.images, options.images, options.image_table)
        self.account = ImageAccount(self.images)
        self.notes: list[str] = []

    def run(self) -> PhenotypeSummary:
        """Choose, adjust, transform, average, write."""
        self._choose()
        adjusted = self._adjust()
        adjusted, basis = self._change_basis(adjusted)
        eyes = average_eyes(adjusted)
        self._require_eyes(eyes)
        correlation = left_right_correlation(eyes)
        blocks = [(adjusted.names, eye_values(eyes, self.options.eyes, correlation))]
        for name in self.options.measures:
            blocks.append(((name,), self._measure(name, eyes.participant_id)))
        names, labels, values = _side_by_side(blocks, self.options.eyes)
        if self.options.transform != "none":
            values = rank_inverse_normal(values)
        with self._basis_beside(basis):
            self._write(eyes, names, labels, values, correlation)
        return PhenotypeSummary(
            self.output, len(self.images), self.account.steps, self._count(eyes), correlation,
            len(names), self.notes,
        )  # fmt: skip

    def _basis_beside(self, basis: LinearBasis | None) -> AbstractContextManager[None]:
        """Both files or neither: the basis gets its name once the phenotypes have theirs."""
        path = self.options.save_basis
        if basis is None or path is None:
            return nullcontext()
        # A group's name would not say which measures it had, or that it was a user's column.
        options = self.options.as_dict() | {"regress_out": self._regressed_out()}
        return new_basis(path, basis, inputs=self.inputs, options=options)

    def _regressed_out(self) -> tuple[str, ...]:
        return covariate_columns(
            self.facts, self.options.regress_out, self.options.categorical_columns
        )

    def _choose(self) -> None:
        options, images, account = self.options, self.images, self.account
        is_broken = np.asarray(~np.isfinite(images.values).all(axis=1))
        account.leave_out(is_broken, "embedding is no number")
        account.leave_out(np.asarray(images.participant_id == ""), "no participant")
        if not options.use_unknown_eyes:
            account.leave_out(np.asarray(images.eye == "unknown"), "eye unknown")
        if options.min_quality > 0:
            is_bad = np.asarray(~(images.quality >= options.min_quality))
            account.leave_out(is_bad, f"quality below {options.min_quality:g} or unknown")
        if options.visit != "all":
            self._leave_out_of_kept(lambda kept: ~choose_visit(kept, options.visit),
                                    f"not of the visit {options.visit}")  # fmt: skip
        if options.regress_out or options.categorical_columns:
            complete = self._covariates(images).is_complete()
            account.leave_out(~complete, "an image covariate is missing")
        if options.outliers == "remove":
            limit = options.outlier_limit or OUTLIER_LIMITS["remove"]
            self._leave_out_of_kept(lambda kept: far_images(kept.values, limit),
                                    f"outlier beyond {limit:g} robust deviations")  # fmt: skip
        if options.choice == "best":
            self._judge_choice()
            self._leave_out_of_kept(lambda kept: ~best_images(kept), "not the best of its eye")

    def _judge_choice(self) -> None:
        """Without qualities the best photograph of an eye is the first by id, and no choice."""
        n_several, n_blind = n_chosen_blindly(self.account.kept())
        if n_several and n_blind == n_several:
            raise InputError(
                f"{self.images.path} has no quality for any of the {n_several:,} eyes with several "
                "photographs; expected some for --choice best. Give --choice mean."
            )
        if n_blind:
            self.notes.append(
                f"{n_blind:,} of {n_several:,} eyes with several photographs have no quality: of "
                "each the first by image id is taken"
            )

    def _leave_out_of_kept(self, choose: Any, reason: str) -> None:
        """Apply a choice that depends on which photographs are still in."""
        which = np.zeros(len(self.images), dtype=bool)
        which[self.account.is_in] = choose(self.account.kept())
        self.account.leave_out(which, reason)

    def _covariates(self, images: ImageTable) -> Any:
        return image_covariates(
            images, self.facts, self.options.regress_out, self.options.categorical_columns
        )

    def _adjust(self) -> ImageTable:
        """Covariates out, then outliers in."""
        options = self.options
        kept = self.account.kept()
        values = kept.values
        if options.regress_out or options.categorical_columns:
            rows = np.flatnonzero(self.account.is_in)
            values = regress_out(values, self._covariates(self.images).take(rows))
        if options.outliers == "clip":
            limit = options.outlier_limit or OUTLIER_LIMITS["clip"]
            values, n_moved = clip_values(values, limit)
            self.notes.append(
                f"{counted(n_moved, 'value', 'values')} clipped to {limit:g} robust deviations"
            )
        return kept.with_values(values, kept.names)

    def _change_basis(self, images: ImageTable) -> tuple[ImageTable, LinearBasis | None]:
        options = self.options
        if options.basis is not None:
            basis = read_basis(options.basis)
            self._note_other_covariates(basis)
        elif options.components_by == "left-right":
            basis = fit_left_right_basis(
                average_eyes(images), images.values.mean(axis=0), images.names, options.components
            )
        elif options.is_fitting:
            basis = fit_basis(
                images.values, images.names, options.components, whiten=options.whiten
            )
        else:
            return images, None
        if basis.correlation is not None and options.basis is None:
            n_components = counted(len(basis.correlation), "component", "components")
            self.notes.append(
                f"{n_components}, of which left and right correlate by "
                f"{basis.correlation[0]:.2f} to {basis.correlation[-1]:.2f} in these people"
            )
        return basis.apply(images), replace(basis, model_digest=images.model_digest)

    def _note_other_covariates(self, basis: LinearBasis) -> None:
        """Components are what they were only after the same covariates."""
        there, here = basis.regressed_out, self._regressed_out()
        if there is not None and set(there) != set(here):
            fitted, given = (",".join(names) or "(nothing)" for names in (there, here))
            self.notes.append(
                f"the basis was fitted with --regress-out {fitted}, here it is {given}: the "
                "components are not the same measures"
            )

    def _require_eyes(self, eyes: Eyes) -> None:
        """One eye only: left, right and difference cannot be made of it."""
        n_people = (eyes.n_images > 0).sum(axis=0)
        for eye, side in (("left", 0), ("right", 1)):
            needs = [name for name in self.options.eyes if name in (eye, "difference")]
            if needs and not n_people[side]:
                raise InputError(
                    f"{self.images.path} has no image of a {eye} eye that can be used "
                    f"({int(n_people[1 - side]):,} people with the other one); expected both eyes "
                    f"for --eyes {','.join(needs)}. Give --eyes mean, which takes what there is."
                )
        both = ((eyes.n_images[:, :2] > 0).sum(axis=1) == 2).sum()
        if "difference" in self.options.eyes and not both:
            raise InputError(
                f"{self.images.path} has nobody with both eyes; expected some for --eyes "
                "difference. Leave difference out."
            )

    def _measure(self, name: str, participants: Sequence[str]) -> dict[str, Floats]:
        """Eyes' values of one column, for the people of the embedding."""
        numbers = self.facts.numbers(name)
        rows = np.flatnonzero(self.account.is_in & np.isfinite(numbers))
        if not len(rows):
            raise InputError(
                f"no image that is used has a value of {name!r}; expected some. "
                "Leave it out of --measures."
            )
        images = self.images.take(rows).with_values(numbers[rows, None], (name,))
        eyes = average_eyes(images)
        place = {person: at for at, person in enumerate(eyes.participant_id)}
        order = np.array([place.get(person, -1) for person in participants], dtype=np.int64)
        found = eye_values(eyes, self.options.eyes, left_right_correlation(eyes))
        return {eye: np.where(order[:, None] >= 0, v[order], np.nan) for eye, v in found.items()}

    def _count(self, eyes: Eyes) -> dict[str, int]:
        """People: all that are in the result, by eye, and those of whom no image is used."""
        has = eyes.n_images > 0
        return {
            "all": len(has),
            "left": int(has[:, 0].sum()),
            "right": int(has[:, 1].sum()),
            "both": int((has[:, 0] & has[:, 1]).sum()),
            "none": len(set(self.images.participant_id) - {""}) - len(has),
        }

    def _write(
        self,
        eyes: Eyes,
        names: Sequence[str],
        labels: Sequence[tuple[str, str]],
        values: Floats,
        correlation: float,
    ) -> None:
        is_out = ~self.account.is_in
        extra: dict[str, Any] = {
            "/participants/n_left_images": eyes.n_images[:, 0].astype(np.int32),
            "/participants/n_right_images": eyes.n_images[:, 1].astype(np.int32),
            "/phenotypes/eye": [eye for eye, _ in labels],
            "/phenotypes/dimension": [dimension for _, dimension in labels],
            "/left_out/image_id": self.images.image_id[is_out].tolist(),
            "/left_out/participant_id": self.images.participant_id[is_out].tolist(),
            "/left_out/reason": self.account.reason[is_out].tolist(),
        }
        attributes = {
            "left_right_correlation": correlation,
            "account": json.dumps(
                {
                    "n_images": len(self.images),
                    "images_left_out": dict(self.account.steps),
                    "n_participants": self._count(eyes),
                }
            ),
        }
        write_phenotypes(
            self.output, eyes.participant_id, names, values.astype(np.float32),
            inputs=self.inputs, options=self.options.as_dict(), overwrite=self.options.overwrite,
            extra=extra, attributes=attributes,
        )  # fmt: skip


def _side_by_side(
    blocks: Sequence[tuple[Sequence[str], dict[str, Floats]]], which: Sequence[str]
) -> tuple[list[str], list[tuple[str, str]], Floats]:
    """Names, (eye, dimension) and values of all phenotypes: eye by eye, then by dimension."""
    labels, columns = [], []
    for eye in which:
        for names, values in blocks:
            labels += [(eye, name) for name in names]
            columns.append(values[eye])
    return [eye_name(*label) for label in labels], labels, np.hstack(columns)
