"""Views of an image, on tensors: one affine resampling, and colour where asked for.

Strong colour jitter, which SimCLR needs for photographs of things, is harmful here: the colour of
a retina is most of what tells people apart, and much of what is heritable (docs/encoder.md).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from igwas.encoder.options import TrainOptions

_VIEWS = 2
_LUMINANCE = (0.30, 0.59, 0.11)


def generator_of(seed: int, stream: int, index: int) -> torch.Generator:
    """Random numbers of one step: the same on every process, and after a resume."""
    generator = torch.Generator()
    # Odd multipliers keep (seed, stream, index) apart in the 64 bits that a seed has.
    mixed = (seed * 0x9E3779B97F4A7C15 + stream * 0xBF58476D1CE4E5B9 + index) % 2**63
    generator.manual_seed(mixed)
    return generator


def random_windows(n: int, options: TrainOptions, generator: torch.Generator) -> Tensor:
    """Draw affine maps: a rotation, a window's size and its place.

    Parameters
    ----------
    n : int
    options : TrainOptions
    generator : torch.Generator

    Returns
    -------
    float32 (n, 2, 3)
        For `affine_grid`.
    """
    drawn = torch.rand(4, n, generator=generator)
    angle = (2 * drawn[0] - 1) * math.radians(options.rotation_degrees)
    side = options.window_low + (options.window_high - options.window_low) * drawn[1]
    room = (1 - side).clamp(min=options.shift)
    windows = _windows(angle, side)
    windows[:, :, 2] = (2 * drawn[2:].T - 1) * room[:, None]
    return windows


def fixed_windows(views: Sequence[tuple[float, float]]) -> Tensor:
    """Affine maps of centred views.

    Parameters
    ----------
    views : sequence of (float, float)
        Rotation in degrees, and the window's side as a share.

    Returns
    -------
    float32 (views, 2, 3)
    """
    table = torch.tensor(views, dtype=torch.float64)
    return _windows(table[:, 0] * math.pi / 180, table[:, 1]).float()


def _windows(angle: Tensor, side: Tensor) -> Tensor:
    windows = torch.zeros(len(angle), 2, 3, dtype=angle.dtype)
    windows[:, 0, 0] = windows[:, 1, 1] = side * angle.cos()
    windows[:, 1, 0] = side * angle.sin()
    windows[:, 0, 1] = -windows[:, 1, 0]
    return windows


def mirror_windows(windows: Tensor, flips: Tensor) -> Tensor:
    """Mirror what the windows show.

    Parameters
    ----------
    windows : float32 (n, 2, 3)
        For `affine_grid`.
    flips : int (n, 2)
        -1 mirrors left-right (first) or upside down (second); 1 does not.

    Returns
    -------
    float32 (n, 2, 3)
    """
    return windows * flips[:, :, None]


def _symmetric(n: int, generator: torch.Generator) -> Tensor:
    """Draws of `jitter_colours`, -1 to 1."""
    return torch.rand(n, 6, generator=generator) * 2 - 1


def cut_windows(images: Tensor, windows: Tensor, size_px: int) -> Tensor:
    """Resample one window of each image; black where a window leaves its image.

    Parameters
    ----------
    images : float (images, 3, row, column)
    windows : float (images, 2, 3)
    size_px : int
        Side of the result.

    Returns
    -------
    float (images, 3, size_px, size_px)
    """
    grid = functional.affine_grid(
        windows, [images.shape[0], 3, size_px, size_px], align_corners=False
    )
    return functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )


def jitter_colours(images: Tensor, draws: Tensor, strength: float) -> Tensor:
    """Change brightness, channel gains, gamma and saturation a little.

    Parameters
    ----------
    images : float (images, 3, row, column)
        0 to 1.
    draws : float (images, 6)
        -1 to 1: brightness, three channels, gamma, saturation.
    strength : float
        Largest relative change of brightness, of saturation and of the exponent; half of it for
        single channels.

    Returns
    -------
    float, same shape
        0 to 1.
    """
    columns = draws[:, :, None, None]
    gain = (1 + strength * columns[:, :1]) * (1 + strength / 2 * columns[:, 1:4])
    changed = (images * gain).clamp(1e-4, 1).pow((strength * columns[:, 4:5]).exp())
    weights = torch.tensor(_LUMINANCE, device=images.device).reshape(1, 3, 1, 1)
    grey = (changed * weights).sum(1, keepdim=True)
    return (grey + (changed - grey) * (1 + strength * columns[:, 5:6])).clamp(0, 1)


class Augmentation:
    """Draws and cuts the views of a batch.

    Parameters
    ----------
    options : TrainOptions
    """

    def __init__(self, options: TrainOptions) -> None:
        self._options = options

    def views(self, pairs: Tensor, index: int, share: slice, n_people: int) -> Tensor:
        """Cut one view of each image of this process's people.

        Parameters
        ----------
        pairs : float (people here, 2, 3, row, column)
            0 to 1.
        index : int
            Of the batch.
        share : slice
            Which people of the batch these are.
        n_people : int
            Of the whole batch: views are drawn for all, so that each person's views do not depend
            on the number of processes.

        Returns
        -------
        float (people here, 2, 3, size, size)
        """
        options = self._options
        generator = generator_of(options.seed, 1, index)
        windows = random_windows(n_people * _VIEWS, options, generator)
        draws = _symmetric(n_people * _VIEWS, generator)
        of_pairs = _symmetric(n_people, generator).repeat_interleave(_VIEWS, 0)
        if options.pair_flips:
            flips = torch.randint(2, (n_people, 2), generator=generator) * 2 - 1
            windows = mirror_windows(windows, flips.repeat_interleave(_VIEWS, 0))
        here = slice(share.start * _VIEWS, share.stop * _VIEWS)
        images = cut_windows(
            pairs.flatten(0, 1), windows[here].to(pairs.device), options.image_size_px
        )
        if options.colour_jitter:
            images = jitter_colours(images, draws[here].to(pairs.device), options.colour_jitter)
        if options.pair_jitter:
            images = jitter_colours(images, of_pairs[here].to(pairs.device), options.pair_jitter)
        return images.reshape(-1, _VIEWS, *images.shape[1:])
