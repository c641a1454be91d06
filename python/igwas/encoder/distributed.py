"""The processes of a run that torchrun started; one process is a group of one."""

import datetime
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn

from igwas.errors import OptionError

# The others wait while the first process resizes a biobank's images.
_LONGEST_WAIT = datetime.timedelta(hours=24)


@dataclass(frozen=True)
class Group:
    """Processes that train one network.

    Parameters
    ----------
    rank, size : int
        Of this process, and number of processes.
    local_rank : int
        Of this process on its machine: the number of its GPU.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, n: int) -> slice:
        """Slice of `n` people that this process takes.

        Raises
        ------
        OptionError
            If they cannot be shared equally: their averages would then not be the batch's.
        """
        if n % self.size:
            raise OptionError(
                f"a batch has {n} people for {self.size} processes; expected a multiple. "
                "Choose another --batch-people."
            )
        each = n // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def gather(self, values: Tensor) -> Tensor:
        """Concatenate the values of all processes in rank order; carries no gradient."""
        if self.size == 1:
            return values
        parts = [torch.empty_like(values) for _ in range(self.size)]
        distributed.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    def gather_with_gradient(self, values: Tensor) -> Tensor:
        """Gather with the gradient going to this process's own values."""
        if self.size == 1:
            return values
        parts = list(self.gather(values.detach()).chunk(self.size))
        parts[self.rank] = values
        return torch.cat(parts)

    def mean(self, value: Tensor) -> Tensor:
        """Mean over processes of a value that carries no gradient."""
        if self.size == 1:
            return value
        total = value.detach().clone()
        distributed.all_reduce(total)
        return total / self.size

    def gather_objects(self, value: Any) -> list[Any]:
        """Give the values of all processes in rank order."""
        if self.size == 1:
            return [value]
        values = [None] * self.size
        distributed.all_gather_object(values, value)
        return list(values)

    def barrier(self) -> None:
        """Wait for the other processes."""
        if self.size > 1:
            distributed.barrier()


@contextmanager
def process_group(device_type: str) -> Iterator[Group]:
    """Join the group that torchrun's environment describes; a group of one without it.

    Parameters
    ----------
    device_type : str
        `cpu` (gloo) or `cuda` (nccl).
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group()
        return
    rank, local_rank = int(os.environ["RANK"]), int(os.environ.get("LOCAL_RANK", "0"))
    if device_type == "cuda":
        torch.cuda.set_device(local_rank)
    distributed.init_process_group(
        "nccl" if device_type == "cuda" else "gloo", timeout=_LONGEST_WAIT
    )
    try:
        yield Group(rank, size, local_rank)
    finally:
        distributed.destroy_process_group()


def synchronise_norms(module: nn.Module, group: Group, device_type: str) -> nn.Module:
    """Let every batch norm take its statistics from the batches of all processes.

    Without this two processes of 64 people are not one of 128, and a network can tell the pairs of
    its own process by their statistics.

    Raises
    ------
    OptionError
        If a norm is of a kind that cannot be replaced.
    """
    if group.size == 1:
        return module
    _refuse_unknown_norms(module)
    if device_type == "cuda":
        convert: Callable[[nn.Module], nn.Module] = nn.SyncBatchNorm.convert_sync_batchnorm
        return convert(module)
    # torch's own refuses CPU tensors.
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            setattr(module, name, _CpuSyncBatchNorm.of(child, group))
        else:
            synchronise_norms(child, group, device_type)
    return module


def _refuse_unknown_norms(module: nn.Module) -> None:
    """Refuse norms that do more than normalise (timm's also activate): that would be lost."""
    for child in module.modules():
        is_norm = isinstance(child, nn.modules.batchnorm._BatchNorm)
        if is_norm and type(child) not in (nn.BatchNorm1d, nn.BatchNorm2d):
            raise OptionError(
                f"the backbone has norms of type {type(child).__name__}, which cannot be "
                "synchronised over processes; expected plain batch norms. Train it in one process, "
                "or choose a resnet."
            )


class _CpuSyncBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm over all processes, by two reductions that gradients pass through."""

    group: Group

    @classmethod
    def of(cls, norm: nn.BatchNorm1d | nn.BatchNorm2d, group: Group) -> "_CpuSyncBatchNorm":
        """Take over the parameters and statistics of a batch norm."""
        new = cls(norm.num_features, norm.eps, norm.momentum, norm.affine)
        new.weight, new.bias = norm.weight, norm.bias
        new.running_mean, new.running_var = norm.running_mean, norm.running_var
        new.num_batches_tracked = norm.num_batches_tracked
        new.group = group
        return new

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002
        """Accept both vectors and maps."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Normalise by the mean and variance of the batch over all processes."""
        if not self.training:
            return super().forward(input)
        axes = [axis for axis in range(input.ndim) if axis != 1]
        shape = [1, -1] + [1] * (input.ndim - 2)
        count = input.numel() // input.shape[1] * self.group.size
        mean = _sum_over_processes(input.sum(axes)) / count
        centred = input - mean.reshape(shape)
        variance = _sum_over_processes(centred.square().sum(axes)) / count
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            assert self.momentum is not None
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        unit = centred * torch.rsqrt(variance + self.eps).reshape(shape)
        scaled: Tensor = unit * self.weight.reshape(shape) + self.bias.reshape(shape)
        return scaled


def _sum_over_processes(values: Tensor) -> Tensor:
    total: Tensor = _SumOverProcesses.apply(values)  # type: ignore[no-untyped-call]
    return total


class _SumOverProcesses(torch.autograd.Function):
    """Sum over processes; the gradient of a sum is the sum of the gradients of all its uses."""

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total
