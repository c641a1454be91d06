"""Two processes that torchrun started are one process with the same batch."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.unit.encoder.conftest import SMALL
from torch import nn

from igwas.context import Context
from igwas.encoder.checkpoint import read_checkpoint
from igwas.encoder.distributed import Group, synchronise_norms
from igwas.encoder.journal import read_journal
from igwas.encoder.options import TrainOptions
from igwas.encoder.train import train_encoder
from igwas.errors import OptionError

# Sums over two halves round in another order; six steps of AdamW, whose steps are the sign of small
# gradients at first, amplify that.
LOSS_TOLERANCE = 1e-4
RUN = Path(__file__).with_name("distributed_run.py")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_processes(n, images, folder, options):
    """What torchrun does for one machine, without its own start-up of several seconds."""
    environment = {
        **os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": str(n), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    return [
        subprocess.Popen(
            [sys.executable, RUN, images, folder, json.dumps(options)],
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(n)
    ]


# By objective: loss of the gathered batch, of each process's own people, and statistics over both.
CHANGES = [
    {},
    pytest.param({"objective": "cosface", "accumulate": 2}, marks=pytest.mark.slow),
    pytest.param({"objective": "vicreg"}, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("changes", CHANGES)
def test_two_processes_equal_one(images, tmp_path, changes):
    options = {**SMALL, **changes}
    processes = start_processes(2, images, tmp_path / "two", options)
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    train_encoder(
        images, tmp_path / "one", options=TrainOptions(**options), context=Context(threads=1)
    )
    rows = [read_journal(tmp_path / name / "log.csv") for name in ("one", "two")]
    assert len(rows[0]) == len(rows[1]) == 2
    for one, two in zip(*rows, strict=True):
        assert float(two["loss"]) == pytest.approx(float(one["loss"]), rel=LOSS_TOLERANCE)
    one, two = (read_checkpoint(tmp_path / name / "last.pt") for name in ("one", "two"))
    assert len(two.training_state["random"]) == 2
    for name, tensor in one.network.items():
        if tensor.is_floating_point():
            other = two.network[name]
            assert torch.allclose(tensor, other, atol=5e-3 * float(tensor.abs().max()) + 1e-6), name


def test_a_batch_that_cannot_be_shared_equally_is_refused():
    with pytest.raises(OptionError, match="a batch has 55 people for 2 processes"):
        Group(rank=0, size=2).share(55)


class ActivatedNorm(nn.BatchNorm2d):
    """Stands for timm's norms, which also activate."""


def test_norms_that_do_more_than_normalise_are_refused():
    with pytest.raises(OptionError, match="norms of type ActivatedNorm"):
        synchronise_norms(nn.Sequential(ActivatedNorm(3)), Group(rank=0, size=2), "cpu")
    alone = nn.Sequential(ActivatedNorm(3))
    assert synchronise_norms(alone, Group(), "cpu") is alone


def test_shares_are_disjoint_and_complete():
    people = list(range(12))
    assert [p for rank in range(3) for p in people[Group(rank, 3).share(12)]] == people
