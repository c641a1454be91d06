"""How a network does on held-out people: retrieval of the other eye, and its output's shape."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from igwas.embeddings.retrieval import mate_ranks
from igwas.encoder.augmentation import cut_windows, fixed_windows
from igwas.encoder.diagnostics import Diagnostics, diagnose
from igwas.encoder.export_options import PLAIN_VIEW
from igwas.encoder.network import Network
from igwas.encoder.training_images import TrainingImages

_BATCH = 64


@dataclass(frozen=True)
class HeldOut:
    """The images that are validated on: one of each eye of people with both.

    Parameters
    ----------
    positions : int64 (people, 2)
        Left and right, as positions among the used rows.
    """

    positions: npt.NDArray[np.int64]

    @classmethod
    def of(cls, images: TrainingImages, people: tuple[str, ...]) -> "HeldOut":
        """Take the first photograph of each eye of these people."""
        first: dict[tuple[str, str], int] = {}
        for position in images.of_people(frozenset(people)):
            key = (images.participant_ids[position], images.eyes[position])
            first.setdefault(key, int(position))
        pairs = [
            (first[person, "left"], first[person, "right"])
            for person in people
            if (person, "left") in first and (person, "right") in first
        ]
        return cls(np.array(pairs, np.int64).reshape(-1, 2))


@torch.no_grad()
def describe_images(
    network: Network,
    cache: npt.NDArray[np.uint8],
    positions: npt.NDArray[np.int64],
    mask: Tensor,
    size_px: int,
    views: tuple[tuple[float, float], ...] = PLAIN_VIEW,
) -> npt.NDArray[np.float32]:
    """Describe cached images, averaged over views; the network is left in training mode.

    Parameters
    ----------
    network : Network
    cache : uint8 (images, 3, row, column)
    positions : int64 (chosen,)
    mask : float (row, column)
        On the device to use.
    size_px : int
        Side of the network's images.
    views : tuple of (rotation in degrees, window)

    Returns
    -------
    float32 (chosen, dimension)
    """
    windows = fixed_windows(views).to(mask.device)
    network.eval()
    found = []
    for start in range(0, len(positions), _BATCH):
        chosen = torch.from_numpy(cache[positions[start : start + _BATCH]])
        images = chosen.to(mask.device).float() / 255 * mask
        described = [
            network.describe(cut_windows(images, window.expand(len(images), 2, 3), size_px)).float()
            for window in windows
        ]
        found.append(torch.stack(described).mean(0).cpu())
    network.train()
    return torch.cat(found).numpy()


def score(
    network: Network,
    cache: npt.NDArray[np.uint8],
    held_out: HeldOut,
    mask: Tensor,
    size_px: int,
) -> tuple[dict[str, float], Diagnostics]:
    """Left-right retrieval and diagnostics on held-out people.

    Returns
    -------
    dict
        `validation_top1`, `validation_top5`, `validation_map` and `validation_people`.
    Diagnostics
    """
    n_people = len(held_out.positions)
    vectors = describe_images(network, cache, held_out.positions.ravel(), mask, size_px)
    pairs = np.arange(2 * n_people, dtype=np.int64).reshape(-1, 2)
    ranks = mate_ranks(vectors[0::2], vectors[1::2])
    scores = {
        "validation_top1": float((ranks == 1).mean()),
        "validation_top5": float((ranks <= 5).mean()),
        "validation_map": float((1 / ranks).mean()),
        "validation_people": float(n_people),
    }
    return scores, diagnose(vectors, pairs)
