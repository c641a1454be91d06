"""One optimiser step: batch, views, loss, gradients, schedule; and the state to go on with."""

import math
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from igwas.encoder.augmentation import Augmentation
from igwas.encoder.distributed import Group, synchronise_norms
from igwas.encoder.network import Network
from igwas.encoder.objective import Objective
from igwas.encoder.options import TrainOptions
from igwas.encoder.person_batches import PersonBatches
from igwas.encoder.resize import disc_mask
from igwas.errors import OptionError, TrainingFailed

_BETAS = (0.9, 0.98)
_FINAL_SHARE = 0.01
_DTYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


class _Learner(nn.Module):
    """Network and objective as one module, so that one gradient reduction covers both."""

    def __init__(self, network: Network, objective: Objective, group: Group) -> None:
        super().__init__()
        self.network = network
        self.objective = objective
        self._group = group

    def forward(self, pairs: Tensor, people: Tensor) -> Tensor:
        """(people, 2, 3, row, column) -> this process's share of the loss."""
        images = pairs.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        _, projections = self.network(images)
        # Autocast would make products within the objective half precision again.
        with torch.autocast(images.device.type, enabled=False):
            pairs_of_projections = _as_pairs(projections.float())
            loss: Tensor = self.objective(pairs_of_projections, people, self._group)
        return loss


def _as_pairs(images: Tensor) -> Tensor:
    """(2 people, ...) -> (people, 2, ...)."""
    return images.reshape(-1, 2, *images.shape[1:])


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware (AVX512_BF16 or AMX)."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def choose_precision(precision: str, device: torch.device) -> torch.dtype | None:
    """Resolve `--precision` on a device; None is float32 throughout.

    Raises
    ------
    OptionError
        If float16 is asked for on a CPU, or bfloat16 on one without units for it.
    """
    if device.type == "cpu":
        if precision == "float16" or (precision == "bfloat16" and not cpu_has_bfloat16()):
            raise OptionError(
                f"--precision is {precision} on this CPU, where it is many times slower than "
                "float32; expected float32. Leave --precision out, or give --device cuda."
            )
        return _DTYPES[precision] if precision == "bfloat16" else None
    if precision == "auto":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return _DTYPES[precision]


class Trainer:
    """Holds everything that a step changes.

    Parameters
    ----------
    options : TrainOptions
    batches : PersonBatches
        Rows are positions in `cache`.
    cache : uint8 (images, 3, row, column)
    n_steps : int
        Of the whole run: the schedule needs it.
    device : torch.device
    group : Group
    """

    def __init__(
        self,
        options: TrainOptions,
        batches: PersonBatches,
        cache: npt.NDArray[np.uint8],
        *,
        n_steps: int,
        device: torch.device,
        group: Group,
    ) -> None:
        self.options, self.batches, self.n_steps, self.device = options, batches, n_steps, device
        self._cache, self._group = cache, group
        self._share = group.share(batches.batch_people)
        self._dtype = choose_precision(options.precision, device)
        torch.manual_seed(options.seed)
        network = Network(options)
        learner = _Learner(network, Objective(options, len(batches.people)), group)
        synchronise_norms(learner, group, device.type)
        # torch's own types leave memory_format out.
        self._learner: _Learner = learner.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._module: nn.Module = self._learner
        if group.size > 1:
            # Synchronised norms already agree on their statistics.
            self._module = DistributedDataParallel(self._learner, broadcast_buffers=False)
        # Layers that drop at random must not drop the same units in every process.
        torch.manual_seed(options.seed + group.rank)
        self._optimiser = torch.optim.AdamW(
            self._parameter_groups(), lr=options.learning_rate, betas=_BETAS
        )
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._dtype == torch.float16)
        self._augmentation = Augmentation(options)
        mask = disc_mask(options.cache_size_px, options.mask_radius)
        self.mask = torch.from_numpy(mask).to(device)
        self._loader = ThreadPoolExecutor(1, "igwas-batches")
        self._next: tuple[int, Future[tuple[Tensor, Tensor]]] | None = None

    @property
    def network(self) -> Network:
        """The network, whatever wraps it."""
        return self._learner.network

    def _parameter_groups(self) -> list[dict[str, Any]]:
        objective = list(self._learner.objective.parameters())
        named = list(self.network.parameters())
        return [
            {
                "params": [p for p in named if p.ndim > 1],
                "weight_decay": self.options.weight_decay,
            },
            {"params": [p for p in named if p.ndim <= 1] + objective, "weight_decay": 0.0},
        ]

    def learning_rate(self, step: int) -> float:
        """Linear warm-up, then a cosine down to a hundredth."""
        warmup = (
            min(1.0, (step + 1) / self.options.warmup_steps) if self.options.warmup_steps else 1
        )
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.n_steps))
        share = _FINAL_SHARE + (1 - _FINAL_SHARE) * cosine
        return self.options.learning_rate * warmup * share

    def step(self, step: int) -> float:
        """Do one optimiser step.

        Returns
        -------
        float
            Loss of its batches, over all processes.

        Raises
        ------
        TrainingFailed
            If the loss is not finite; nothing has been changed then.
        """
        rate = self.learning_rate(step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad(set_to_none=True)
        self._module.train()
        count = self.options.accumulate
        total = 0.0
        for position in range(count):
            with self._without_reduction(is_last=position == count - 1):
                loss = self._loss(step * count + position)
                total += float(self._group.mean(loss.detach())) / count
                if not math.isfinite(total):
                    raise TrainingFailed(
                        f"the loss is {total} at step {step + 1}; expected a finite number. Go on "
                        "from the last checkpoint with a smaller --learning-rate or --precision "
                        "float32 in a new folder."
                    )
                self._scaler.scale(loss / count).backward()  # type: ignore[no-untyped-call]
        self._scaler.step(self._optimiser)
        self._scaler.update()
        return total

    def _without_reduction(self, *, is_last: bool) -> AbstractContextManager[Any]:
        if isinstance(self._module, DistributedDataParallel) and not is_last:
            return self._module.no_sync()
        return nullcontext()

    def _loss(self, index: int) -> Tensor:
        images, people = self._load(index)
        pairs = images.to(self.device, non_blocking=True).float() / 255 * self.mask
        views = self._augmentation.views(pairs, index, self._share, self.batches.batch_people)
        with torch.autocast(self.device.type, self._dtype, enabled=self._dtype is not None):
            loss: Tensor = self._module(views, people.to(self.device))
        return loss

    def _load(self, index: int) -> tuple[Tensor, Tensor]:
        """Give the batch of this index and begin to read the next one."""
        if self._next is not None and self._next[0] == index:
            found = self._next[1].result()
        else:
            found = self._read(index)
        self._next = (index + 1, self._loader.submit(self._read, index + 1))
        return found

    def _read(self, index: int) -> tuple[Tensor, Tensor]:
        batch = self.batches.batch(index)
        images = self._cache[batch.rows[self._share].ravel()]
        pairs = _as_pairs(torch.from_numpy(images))
        if self.device.type == "cuda":
            pairs = pairs.pin_memory()
        return pairs, torch.from_numpy(batch.people[self._share])

    def state(self) -> dict[str, Any]:
        """Everything besides the network that going on needs; a call of all processes."""
        random = {"cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.device)
        return {
            "objective": self._learner.objective.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "scaler": self._scaler.state_dict(),
            "random": self._group.gather_objects(random),
        }

    def restore(self, network: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Go back to a state that `state` gave."""
        self.network.load_state_dict(network)
        self._learner.objective.load_state_dict(state["objective"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._scaler.load_state_dict(state["scaler"])
        if len(state["random"]) == self._group.size:
            random = state["random"][self._group.rank]
            torch.set_rng_state(random["cpu"])
            if "cuda" in random and self.device.type == "cuda":
                torch.cuda.set_rng_state(random["cuda"], self.device)

    def close(self) -> None:
        """Stop reading ahead."""
        self._loader.shutdown(cancel_futures=True)
