import numpy as np
import pytest

from igwas.embeddings.batch_size import available_memory_bytes, choose_batch_size
from igwas.errors import IgwasError, InputError

SAMPLE = np.zeros((8, 10, 10, 3), np.uint8)


class Machine:
    """A clock and a memory that move when the encoder runs."""

    def __init__(
        self, fixed_seconds=1e-3, seconds_per_image=1e-3, bytes_per_image=0, fails_at=None
    ):
        self.fixed, self.each, self.bytes = fixed_seconds, seconds_per_image, bytes_per_image
        self.fails_at, self.now, self.peak, self.sizes = fails_at, 0.0, 0, []

    def run(self, batch):
        if self.fails_at and len(batch) >= self.fails_at:
            raise IgwasError("out of memory; expected room.")
        self.sizes.append(len(batch))
        self.now += self.fixed + self.each * len(batch)
        self.peak = max(self.peak, self.bytes * len(batch))

    def choose(self, n_images=10_000, device="cpu", **options):
        return choose_batch_size(
            self.run, SAMPLE, n_images=n_images, device=device,
            clock=lambda: self.now, peak_memory=lambda: self.peak, **options,
        )  # fmt: skip


def test_batches_grow_only_while_that_is_faster():
    assert Machine(fixed_seconds=0).choose().size == 4
    assert Machine(fixed_seconds=0.01).choose().size == 32
    assert Machine(fixed_seconds=0.05).choose(device="cuda").size == 256


def test_the_smallest_of_nearly_equal_sizes_is_taken():
    chosen = Machine(fixed_seconds=1e-3).choose()
    best = max(chosen.rates.values())
    assert chosen.rates[chosen.size] >= best / 1.03
    assert all(rate < best / 1.03 for size, rate in chosen.rates.items() if size < chosen.size)


def test_memory_bounds_the_batch():
    machine = Machine(fixed_seconds=0.05, bytes_per_image=10**6)
    chosen = machine.choose(max_memory_bytes=30 * 10**6)
    assert chosen.size == 16
    assert max(machine.sizes) == 16


def test_batches_that_wait_count_too():
    # 24 bytes of views wait for each byte of a photograph of 300 bytes.
    chosen = Machine(fixed_seconds=0.05).choose(
        max_memory_bytes=300 * 24 * 2 * 3, n_views=8, n_lanes=3
    )
    assert chosen.size <= 3


def test_a_size_that_fails_ends_the_search():
    assert Machine(fixed_seconds=0.05, fails_at=16).choose().size == 8


def test_a_first_size_that_fails_is_an_error():
    with pytest.raises(IgwasError, match="out of memory"):
        Machine(fails_at=1).choose()


def test_the_search_stops_when_it_has_taken_long():
    machine = Machine(fixed_seconds=1.0, seconds_per_image=1.0)
    assert machine.choose().size == 4
    assert machine.sizes == [4, 4]


def test_few_photographs_are_not_worth_a_search():
    machine = Machine()
    assert machine.choose(n_images=30).size == 4
    assert machine.choose(n_images=3).size == 3
    assert machine.sizes == []


def test_memory_for_not_even_one_photograph_is_an_error():
    with pytest.raises(InputError, match="Raise --max-memory"):
        Machine().choose(max_memory_bytes=100)


def test_available_memory_is_a_plausible_number():
    assert 2**26 < available_memory_bytes() < 2**46
