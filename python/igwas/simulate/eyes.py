"""Parameters of the two eyes of everyone: variants, age, sex, ancestry, and what is an eye's own.

The score of an eye has variance 1 in the population and is a sum of four parts: what variants do,
what covariates do, what else the eyes of a person share, and what is the eye's own. The first three
have the variance `between_eyes` of the parameter, so that this is the correlation of the eyes.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.phenotypes.eye_names import EYES, eye_name
from igwas.simulate.cameras import CAMERAS
from igwas.simulate.effects import GeneticEffects, PlantedEffects
from igwas.simulate.eye_options import COVARIATE_EFFECTS, EyeOptions, covariate_share
from igwas.simulate.eye_parameters import EYE_PARAMETERS, parameter_names
from igwas.simulate.people import MALE, People
from igwas.simulate.phenotypes import CENTRES

SIDES = ("left", "right")
VISIT = "1"

Floats = npt.NDArray[np.float64]


class EyeArchitecture:
    """Every planted variant moves one parameter, clearly or faintly; which is which is drawn first.

    Parameters
    ----------
    options : EyeOptions
    generator : Generator
    """

    def __init__(self, options: EyeOptions, generator: np.random.Generator) -> None:
        self.names = parameter_names()
        self.n_planted = options.n_planted
        n = len(self.names)
        clear = [(column, options.clear_share) for column in range(n)] * options.n_clear
        # Faint ones go round the parameters in an order of their own.
        order = generator.permutation(n)
        faint = [(int(order[k % n]), options.faint_share) for k in range(options.n_faint)]
        planned = [*clear, *faint]
        self._planned = [planned[k] for k in generator.permutation(len(planned))]
        self._generator = generator

    def next_effects(self) -> PlantedEffects:
        """Draw the share, log-uniform in its range, and the sign."""
        column, (low, high) = self._planned.pop()
        share = low * (high / low) ** self._generator.random()
        sign = self._generator.choice([-1.0, 1.0])
        return PlantedEffects(np.array([column]), np.array([share]), np.array([sign]))


def make_scores(
    people: People,
    covariates: pd.DataFrame,
    genetic: GeneticEffects,
    generator: np.random.Generator,
) -> Floats:
    """Scores (samples, 2 eyes, parameters): left, right."""
    n, n_parameters = genetic.value.shape
    columns = _standard_covariates(people, covariates)
    effects = np.array(
        [[COVARIATE_EFFECTS.get(name, {}).get(column, 0.0) for name in genetic.names]
         for column in columns]
    )  # fmt: skip
    known = genetic.value + np.stack(list(columns.values()), axis=1) @ effects
    between = np.array([parameter.between_eyes for parameter in EYE_PARAMETERS])
    explained = genetic.explained + [covariate_share(name) for name in genetic.names]
    # Chance may leave a little more explained than planned, never much: see EyeOptions.
    shared = known + generator.normal(size=known.shape) * np.sqrt(
        np.maximum(between - explained, 0)
    )
    own = generator.normal(size=(n, 2, n_parameters)) * np.sqrt(1 - between)
    scores: Floats = shared[:, np.newaxis] + own
    return scores


def _standard_covariates(people: People, covariates: pd.DataFrame) -> dict[str, Floats]:
    """Age, sex (male) and share of other ancestries than the first, mean 0, variance 1."""
    n = people.n_samples
    raw = {
        "age": covariates["age"].to_numpy(float),
        "sex": (people.sex[:n] == MALE).astype(float),
        "ancestry": 1 - people.ancestry[:n, 0].astype(float),
    }
    return {name: (v - v.mean()) / (v.std() or 1.0) for name, v in raw.items()}


def make_eyes(
    people: People,
    covariates: pd.DataFrame,
    scores: Floats,
    rows: Sequence[int],
    options: EyeOptions,
    generator: np.random.Generator,
) -> pd.DataFrame:
    """Table of the eyes that are photographed, two rows a person or one.

    Parameters
    ----------
    people : People
    covariates : DataFrame
    scores : float64 (samples, 2, parameters)
    rows : sequence of int
        Samples that are photographed, in the order wanted.
    options : EyeOptions
    generator : Generator

    Returns
    -------
    DataFrame
        participant_id, eye, visit, camera, exposure, seed, age, sex and one column a parameter.
        Camera and seed are of the session: both eyes have the same; each is exposed by itself.
    """
    n = people.n_samples
    camera = _choose_cameras(covariates["centre"], options, generator)
    exposure = np.exp(options.exposure_spread * generator.normal(size=(n, 2))).round(4)
    seed = generator.integers(2**31, size=n)
    # 0 or 1: the only eye photographed; 2: both are.
    only = np.where(
        generator.random(n) < options.one_eye_fraction, generator.integers(2, size=n), 2
    )
    records = []
    for row in rows:
        for side, eye in enumerate(SIDES):
            if only[row] in (side, 2):
                records.append(
                    (people.sample_id[row], eye, VISIT, camera[row], float(exposure[row, side]),
                     int(seed[row]), covariates["age"].iat[row], int(people.sex[row]),
                     *np.round(scores[row, side], 6))
                )  # fmt: skip
    columns = ["participant_id", "eye", "visit", "camera", "exposure", "seed", "age", "sex"]
    return pd.DataFrame(records, columns=[*columns, *parameter_names()])


def _choose_cameras(
    centre: "pd.Series[str]", options: EyeOptions, generator: np.random.Generator
) -> list[str]:
    """Names of cameras: each centre has its own, as long as there are enough."""
    own = np.array([CENTRES.index(name) % len(CAMERAS) for name in centre])
    other = generator.integers(len(CAMERAS), size=len(own))
    chosen = np.where(generator.random(len(own)) < options.own_camera_fraction, own, other)
    return [CAMERAS[number].name for number in chosen]


def true_phenotypes(eyes: pd.DataFrame) -> tuple[list[str], list[str], Floats]:
    """What a perfect encoder would measure: left, right, mean and difference of every parameter.

    Parameters
    ----------
    eyes : DataFrame
        As `make_eyes` gives it.

    Returns
    -------
    list of str
        People, in the order of the table.
    list of str
        Names, as `igwas-fast phenotypes` gives them: `left_pigment`.
    float64 (people, phenotypes)
        The mean is that of the eyes there are; NaN is missing.
    """
    people = eyes["participant_id"].drop_duplicates().tolist()
    names = parameter_names()
    left, right = (
        eyes[eyes["eye"] == side].set_index("participant_id")[names].reindex(people).to_numpy(float)
        for side in SIDES
    )
    mean = np.where(np.isnan(left), right, np.where(np.isnan(right), left, (left + right) / 2))
    by_eye = dict(zip(EYES, (left, right, mean, left - right), strict=True))
    labels = [eye_name(eye, name) for eye in EYES for name in names]
    return people, labels, np.hstack([by_eye[eye] for eye in EYES])


def share_of_mean(share: float, name: str) -> float:
    """Share of the variance of the mean of both eyes, covariates removed, for that of one eye.

    Examples
    --------
    >>> round(share_of_mean(0.1, "disc_size"), 4)
    0.1093
    """
    between = next(one.between_eyes for one in EYE_PARAMETERS if one.name == name)
    return share / ((1 + between) / 2 - covariate_share(name))
