"""What a training run is made of; the defaults are the best recipe of docs/encoder.md."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from igwas.errors import OptionError

OBJECTIVES = ("nt-xent", "cosface", "vicreg", "barlow-twins", "cca")
POSITIVES = ("image", "eye", "person")
BACKBONES = ("resnet10", "resnet18", "resnet34", "resnet50")
REPRESENTATIONS = ("auto", "features", "projection")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
GRADES = ("keep", "usable", "reject")
DEFAULT_STEPS = 260
# The stored side of an image over the network's: an augmented window of 0.75 of the image is then
# sampled close to one stored pixel a network pixel.
CACHE_RATIO = 5 / 3
# Options that may differ between a run and its continuation: they decide no number.
_FREE_ON_RESUME = ("checkpoint_every",)


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """How an encoder is trained.

    Parameters
    ----------
    objective : str
        `nt-xent`, `cosface`, `vicreg`, `barlow-twins` or `cca`.
    positives : str
        What counts as the same: two views of one `image`, two photographs of one `eye`, or both
        eyes of one `person`.
    exclude_same_visit : bool
        Pair only photographs of different, known visits.
    backbone : str
        `resnet10`, `resnet18`, `resnet34`, `resnet50`, or `timm:NAME`.
    width : int or None
        Channels of the first stage of a resnet; None is 32 for resnet10 and 64 for the others.
    pretrained : bool
        Start a timm backbone from its published weights.
    projection_dimensions : int
        Width of the output of the projection head.
    representation : str
        What describes an eye: the backbone's `features`, the head's `projection`, or `auto`:
        features, and for cosface the projection, which is what its margin acts on.
    image_size_px : int
        Side of the square the network sees.
    mask_radius : float
        Everything outside this share of the half-side is black, the same for every camera; 0 is no
        mask.
    standardise : bool
        Take each image's mean colour and contrast away (structure only).
    rotation_degrees, window_low, window_high, shift : float
        Augmentation: largest rotation; side of the window that is cut out, as a share of the
        image's; smallest range of its shift in half-sides (a small window may move further, to the
        image's edge).
    colour_jitter : float
        Strength of random brightness, channel gain, gamma and saturation; 0 is none.
    pair_jitter : float
        The same, drawn once for both images of a pair: mates still agree in colour, while the
        people of a run have more colours than they were photographed in.
    pair_flips : bool
        Mirror both images of a pair, left-right and upside down, at random but alike: a person
        seen in a mirror is a further person.
    batch_people : int
        People in a batch, over all processes; each gives two images or views.
    accumulate : int
        Batches whose gradients are summed for one step; each has its own negatives.
    steps : int or None
        Optimiser steps.
    epochs : int or None
        Passes over the training people, instead of `steps`.
    learning_rate, weight_decay : float
        Of AdamW; biases and norms are not decayed.
    warmup_steps : int
        Steps of linear warm-up before the cosine.
    temperature : float
        Of NT-Xent.
    margin, scale : float
        Of CosFace.
    precision : str
        `float32`, `bfloat16`, `float16`, or `auto`: bfloat16 on a GPU that has it, float16 on
        another, float32 on a CPU.
    grades : tuple of str
        Images with one of these grades are used.
    validate_every : int
        Steps between two rows of the log, each with a validation.
    checkpoint_every : int
        Validations between two writings of `last.pt`.
    split_seed : int
        Of the split of people.
    split_shares : tuple of float
        Shares of people for training and validation; the others are for testing.
    split_file : Path or None
        Table of person and part (train, validation or test) instead.
    fold : int
        Rotates the split, so that 5 folds test on different people (see `split_people`).
    seed : int
        Of initial weights, batches and augmentation.

    Raises
    ------
    OptionError
        Naming the first option that is out of range or contradicts another.
    """

    objective: str = "nt-xent"
    positives: str = "person"
    exclude_same_visit: bool = False
    backbone: str = "resnet10"
    width: int | None = None
    pretrained: bool = False
    projection_dimensions: int = 128
    representation: str = "auto"
    image_size_px: int = 96
    mask_radius: float = 0.0
    standardise: bool = False
    rotation_degrees: float = 15.0
    window_low: float = 0.75
    window_high: float = 1.0
    shift: float = 0.08
    colour_jitter: float = 0.0
    pair_jitter: float = 0.0
    pair_flips: bool = False
    batch_people: int = 55
    accumulate: int = 1
    steps: int | None = None
    epochs: int | None = None
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup_steps: int = 15
    temperature: float = 0.2
    margin: float = 0.4
    scale: float = 30.0
    precision: str = "auto"
    grades: tuple[str, ...] = ("keep", "usable")
    validate_every: int = 20
    checkpoint_every: int = 1
    split_seed: int = 0
    split_shares: tuple[float, float] = (0.6011, 0.1986)
    split_file: Path | None = None
    fold: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choices(self)
        _check_ranges(self)
        _check_combinations(self)

    @property
    def cache_size_px(self) -> int:
        """Side of the stored images that windows are cut out of."""
        return round(self.image_size_px * CACHE_RATIO)

    @property
    def described_by(self) -> str:
        """`features` or `projection`: what `representation` comes to."""
        if self.representation != "auto":
            return self.representation
        return "projection" if self.objective == "cosface" else "features"

    def n_steps(self, batches_per_epoch: int) -> int:
        """Optimiser steps of the run; an epoch may end within one."""
        if self.epochs is not None:
            return max(1, self.epochs * batches_per_epoch // self.accumulate)
        return DEFAULT_STEPS if self.steps is None else self.steps

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as a checkpoint and a text file hold them."""
        values = asdict(self)
        values["split_file"] = None if self.split_file is None else str(self.split_file)
        values["grades"] = list(self.grades)
        values["split_shares"] = list(self.split_shares)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainOptions":
        """Undo `as_dict`; OptionError if a name is not known to this version."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise OptionError(
                f"the checkpoint has options {', '.join(unknown)}; expected none that this version "
                "does not know. Use the igwas-fast that wrote it, or a newer one."
            )
        chosen = dict(values)
        if chosen.get("split_file") is not None:
            chosen["split_file"] = Path(chosen["split_file"])
        for name in ("grades", "split_shares"):
            if name in chosen:
                chosen[name] = tuple(chosen[name])
        return cls(**chosen)

    def differences(self, other: "TrainOptions") -> list[str]:
        """What keeps `other` from going on with a run of these options: `name: mine, its`."""
        mine, its = self.as_dict(), other.as_dict()
        return [
            f"{name} {mine[name]} there, {its[name]} here"
            for name in mine
            if name not in _FREE_ON_RESUME and mine[name] != its[name]
        ]


def _option(name: str) -> str:
    return "--" + name.removesuffix("_px").removesuffix("_degrees").replace("_", "-")


def _check_choices(options: TrainOptions) -> None:
    choices = {
        "objective": OBJECTIVES,
        "positives": POSITIVES,
        "representation": REPRESENTATIONS,
        "precision": PRECISIONS,
    }
    for name, allowed in choices.items():
        if getattr(options, name) not in allowed:
            raise OptionError(
                f"{_option(name)} is {getattr(options, name)!r}; expected one of: "
                f"{', '.join(allowed)}."
            )
    is_timm = options.backbone.startswith("timm:") and len(options.backbone) > len("timm:")
    if options.backbone not in BACKBONES and not is_timm:
        raise OptionError(
            f"--backbone is {options.backbone!r}; expected one of: {', '.join(BACKBONES)}, or "
            "timm:NAME, such as timm:inception_v3."
        )
    unknown = [grade for grade in options.grades if grade not in GRADES]
    if unknown or not options.grades:
        raise OptionError(
            f"--grades is {','.join(options.grades)!r}; expected some of: {', '.join(GRADES)}."
        )


# Name -> smallest and largest value that is allowed.
_RANGES: dict[str, tuple[float, float]] = {
    "width": (4, 4096),
    "projection_dimensions": (2, 65_536),
    "image_size_px": (16, 4096),
    "mask_radius": (0.0, 2.0),
    "rotation_degrees": (0.0, 180.0),
    "window_low": (0.05, 2.0),
    "window_high": (0.05, 2.0),
    "shift": (0.0, 1.0),
    "colour_jitter": (0.0, 1.0),
    "pair_jitter": (0.0, 1.0),
    "batch_people": (2, 1_000_000),
    "accumulate": (1, 1_000_000),
    "steps": (1, 10**9),
    "epochs": (1, 10**9),
    "learning_rate": (1e-12, 100.0),
    "weight_decay": (0.0, 100.0),
    "warmup_steps": (0, 10**9),
    "temperature": (1e-3, 100.0),
    "margin": (0.0, 1.0),
    "scale": (1e-3, 1e4),
    "validate_every": (1, 10**9),
    "checkpoint_every": (1, 10**9),
    "split_seed": (0, 2**63 - 1),
    "fold": (0, 4),
    "seed": (0, 2**63 - 1),
}


def _check_ranges(options: TrainOptions) -> None:
    for name, (low, high) in _RANGES.items():
        value = getattr(options, name)
        if value is not None and not low <= value <= high:
            raise OptionError(f"{_option(name)} is {value}; expected {low:g} to {high:g}.")
    shares = options.split_shares
    if len(shares) != 2 or not all(math.isfinite(s) and s > 0 for s in shares) or sum(shares) > 1:
        raise OptionError(
            f"--split is {','.join(f'{share:g}' for share in shares)}; expected two positive "
            "shares of people, for training and validation, of at most 1 together."
        )


def _check_combinations(options: TrainOptions) -> None:
    if options.steps is not None and options.epochs is not None:
        raise OptionError("--steps and --epochs are both given; expected one. Leave one out.")
    if options.window_low > options.window_high:
        raise OptionError(
            f"--window is {options.window_low:g},{options.window_high:g}; expected the smaller "
            "share first."
        )
    if options.objective == "cosface" and options.positives != "person":
        raise OptionError(
            f"--objective cosface has a class for each person, but --positives is "
            f"{options.positives}; expected person. Leave --positives out."
        )
    most = options.batch_people // 2
    if options.objective == "cca" and options.projection_dimensions > most:
        raise OptionError(
            f"--objective cca correlates {options.projection_dimensions} dimensions over "
            f"{options.batch_people} people; expected at most half as many dimensions as people, "
            f"or chance alone correlates them. Give --projection-dimensions {most} or fewer, or a "
            "larger --batch-people."
        )
    if options.exclude_same_visit and options.positives == "image":
        raise OptionError(
            "--exclude-same-visit needs two photographs, but --positives image pairs a photograph "
            "with itself; expected --positives eye or person."
        )
    if options.pretrained and not options.backbone.startswith("timm:"):
        raise OptionError(
            f"--pretrained is given but there are no published weights for {options.backbone}; "
            "expected a timm backbone. Give --backbone timm:NAME."
        )
    if options.width is not None and options.backbone.startswith("timm:"):
        raise OptionError(
            f"--width is given but {options.backbone} has its own; expected a resnet. "
            "Leave --width out."
        )
