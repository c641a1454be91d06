"""An objective as a module: what it makes of a batch's projections, over all processes."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from igwas.encoder import losses
from igwas.encoder.distributed import Group
from igwas.encoder.options import TrainOptions

_OF_TWO_VIEWS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "vicreg": losses.vicreg,
    "barlow-twins": losses.barlow_twins,
    "cca": losses.cca,
}


class Objective(nn.Module):
    """Loss of a batch of pairs.

    Parameters
    ----------
    options : TrainOptions
    n_people : int
        People that are trained on: the classes of cosface.
    """

    def __init__(self, options: TrainOptions, n_people: int) -> None:
        super().__init__()
        self.options = options
        self.class_weights: nn.Parameter | None = None
        if options.objective == "cosface":
            self.class_weights = nn.Parameter(
                torch.randn(n_people, options.projection_dimensions) * 0.1
            )

    def forward(self, projections: Tensor, people: Tensor, group: Group) -> Tensor:
        """Give this process's share of the loss; the mean over processes is the batch's loss.

        Parameters
        ----------
        projections : float (people here, 2, dimension)
        people : int64 (people here,)
        group : Group

        Returns
        -------
        float32 ()
            Its gradient, averaged over processes, is the gradient of the whole batch's loss.
        """
        options = self.options
        if self.class_weights is not None:
            return losses.cosface(
                projections.flatten(0, 1),
                self.class_weights,
                people.repeat_interleave(2),
                margin=options.margin,
                scale=options.scale,
            )
        # Every process computes the whole batch's loss, with gradients to its own rows only; their
        # sum over processes is the whole gradient, and processes average: hence the factor.
        everyone = group.gather_with_gradient(projections)
        loss = self._pairwise(everyone, group.gather(people))
        if group.size == 1:
            return loss
        return loss.detach() + group.size * (loss - loss.detach())

    def _pairwise(self, pairs: Tensor, people: Tensor) -> Tensor:
        options = self.options
        if options.objective == "nt-xent":
            labels = people.repeat_interleave(2)
            return losses.nt_xent(pairs.flatten(0, 1), labels, options.temperature)
        function = _OF_TWO_VIEWS[options.objective]
        return function(pairs[:, 0], pairs[:, 1])
