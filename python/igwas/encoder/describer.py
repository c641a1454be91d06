"""What is exported: stored bytes in, embedding out; all steps between are inside."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from igwas.encoder.augmentation import cut_windows, fixed_windows
from igwas.encoder.checkpoint import Checkpoint
from igwas.encoder.network import Network
from igwas.encoder.resize import disc_mask, resize_matrix


class OneNetwork(nn.Module):
    """One network over test-time views of stored images; its rows have unit length.

    Parameters
    ----------
    checkpoint : Checkpoint
    views : sequence of (rotation in degrees, window)
        Descriptions are averaged over them.
    """

    def __init__(self, checkpoint: Checkpoint, views: Sequence[tuple[float, float]]) -> None:
        super().__init__()
        options = checkpoint.options
        # Published weights would be fetched only to be replaced.
        self.network = Network(replace(options, pretrained=False))
        self.network.load_state_dict(checkpoint.network)
        self._size_px = options.image_size_px
        matrix = resize_matrix(checkpoint.image_size_px, options.cache_size_px)
        mask = disc_mask(options.cache_size_px, options.mask_radius)
        self.register_buffer("matrix", torch.from_numpy(matrix))
        self.register_buffer("mask", torch.from_numpy(mask))
        self.register_buffer("windows", fixed_windows(views))

    def forward(self, planes: Tensor) -> Tensor:
        """Float (images, 3, row, column) of 0 to 1 -> (images, dimension)."""
        assert isinstance(self.matrix, Tensor)
        assert isinstance(self.mask, Tensor)
        assert isinstance(self.windows, Tensor)
        small = self.matrix @ planes @ self.matrix.T * self.mask
        n = planes.shape[0]
        views = torch.cat(
            [cut_windows(small, window.expand(n, 2, 3), self._size_px) for window in self.windows]
        )
        described = self.network.describe(views).reshape(len(self.windows), n, -1).mean(0)
        return functional.normalize(described, dim=1)


class Describer(nn.Module):
    """Networks side by side, their descriptions joined and turned to principal axes.

    Parameters
    ----------
    networks : sequence of OneNetwork
    """

    def __init__(self, networks: Sequence[OneNetwork]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.centre: Tensor | None
        self.axes: Tensor | None
        self.register_buffer("centre", None)
        self.register_buffer("axes", None)

    def set_axes(self, centre: Tensor, axes: Tensor) -> None:
        """Store principal axes.

        Parameters
        ----------
        centre : float32 (joined,)
        axes : float32 (joined, dimension)
        """
        self.centre, self.axes = centre, axes

    def join(self, images: Tensor) -> Tensor:
        """uint8 (images, row, column, 3) -> float32 (images, joined)."""
        planes = images.permute(0, 3, 1, 2).float() / 255
        return torch.cat([network(planes) for network in self.networks], 1)

    def forward(self, images: Tensor) -> Tensor:
        """uint8 (images, row, column, 3) -> float32 (images, dimension)."""
        joined = self.join(images)
        if self.axes is None or self.centre is None:
            return joined
        return (joined - self.centre) @ self.axes
