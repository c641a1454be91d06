"""The network that is trained: normalisation, backbone and projection head."""

import torch
from torch import Tensor, nn

from igwas.encoder.backbone import build_backbone
from igwas.encoder.options import TrainOptions
from igwas.errors import IgwasError

# Mean and standard deviation of colour in fundus photographs, of 1; fixed, so that an eye's numbers
# do not depend on the other eyes of a batch.
COLOUR_MEAN = (0.45, 0.30, 0.20)
COLOUR_SD = 0.22
# Below and above these brightnesses, of 1, a pixel is surely outside or inside the disc. A ramp
# between them, not a threshold: rounding in another runtime must not flip a pixel.
_DARK, _LIT = 0.04, 0.08
# Added to a standard deviation of 0 to 1: an image without any contrast stays finite.
_SMALLEST_SD = 0.02


class Normalise(nn.Module):
    """Pixels of 0 to 1 to what the backbone sees.

    Parameters
    ----------
    standardise : bool
        Take the mean and the standard deviation of each image and channel away, over lit pixels:
        what is left is structure. Otherwise a fixed mean and standard deviation.
    """

    def __init__(self, standardise: bool) -> None:
        super().__init__()
        self.standardise = standardise
        mean = torch.tensor(COLOUR_MEAN).reshape(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """(images, 3, row, column) -> the same shape."""
        if not self.standardise:
            assert isinstance(self.mean, Tensor)
            return (images - self.mean) / COLOUR_SD
        lit = ((images.mean(1, keepdim=True) - _DARK) / (_LIT - _DARK)).clamp(0, 1)
        area = _total(lit).clamp(min=1)
        centred = images - _total(images * lit) / area
        variance = _total(centred.square() * lit) / area
        # Without an epsilon the gradient of the root is infinite for a black image.
        return centred / ((variance + 1e-12).sqrt() + _SMALLEST_SD) * lit


def _total(planes: Tensor) -> Tensor:
    """Sum over each plane, row by row and then over the rows.

    Runtimes add ten thousand float32 in orders of their own; a hundred and then a hundred leave
    half as much between them.
    """
    return planes.sum(3, keepdim=True).sum(2, keepdim=True)


def projection_head(objective: str, n_features: int, n_out: int) -> nn.Module:
    """Build the head whose output the objective acts on.

    Parameters
    ----------
    objective : str
        Those that decorrelate get a wider head; cca inverts a covariance of its output, and so has
        as few dimensions out as it is told.
    n_features, n_out : int
        Widths in and out; for vicreg and barlow-twins the output is at least 512 wide.
    """
    if objective in ("vicreg", "barlow-twins", "cca"):
        wide = max(512, n_out)
        return nn.Sequential(
            nn.Linear(n_features, wide, bias=False),
            nn.BatchNorm1d(wide),
            nn.ReLU(),
            # All three objectives centre the batch.
            nn.Linear(wide, n_out if objective == "cca" else wide, bias=False),
        )
    return nn.Sequential(
        # The norm takes a bias away again.
        nn.Linear(n_features, n_features, bias=False),
        nn.BatchNorm1d(n_features),
        nn.ReLU(),
        nn.Linear(n_features, n_out),
    )


class Network(nn.Module):
    """Normalisation, backbone and head.

    Parameters
    ----------
    options : TrainOptions

    Raises
    ------
    IgwasError
        If the backbone cannot take images of this size.
    """

    def __init__(self, options: TrainOptions) -> None:
        super().__init__()
        self.normalise = Normalise(options.standardise)
        self.backbone = build_backbone(options)
        n_features = int(self.backbone.n_features)  # type: ignore[arg-type]
        self.head = projection_head(options.objective, n_features, options.projection_dimensions)
        self.described_by = options.described_by
        self.n_features = n_features
        self._try_size(options)

    def _try_size(self, options: TrainOptions) -> None:
        side = options.image_size_px
        state = torch.get_rng_state()
        self.eval()
        try:
            with torch.no_grad():
                self(torch.zeros(1, 3, side, side))
        except RuntimeError as error:
            raise IgwasError(
                f"{options.backbone} does not take images of {side} pixels ({error}); expected a "
                "size it can. Give another --image-size."
            ) from error
        finally:
            self.train()
            torch.set_rng_state(state)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Describe images.

        Parameters
        ----------
        images : float (images, 3, row, column)
            0 to 1.

        Returns
        -------
        features : float (images, n_features)
        projections : float (images, projection dimension)
        """
        features = self.backbone(self.normalise(images))
        return features, self.head(features)

    def describe(self, images: Tensor) -> Tensor:
        """Give what an eye is described by: features or projections, by the options."""
        features = self.backbone(self.normalise(images))
        described: Tensor = features if self.described_by == "features" else self.head(features)
        return described
