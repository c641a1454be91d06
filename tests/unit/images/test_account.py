"""The account's words: one photograph is no photographs."""

from pathlib import Path

import pytest

from igwas.embeddings.embed_options import EmbedSummary
from igwas.images.account import ImagesSummary


@pytest.mark.parametrize(
    ("n", "first", "resumed", "others"),
    [
        (1, "i.h5: 1 photograph of 1 person", "1 photograph was done before",
         "1 file not named as pictures are"),
        (1200, "i.h5: 1,200 photographs of 1,200 people", "1,200 photographs were done before",
         "1,200 files not named as pictures are"),
    ],
)  # fmt: skip
def test_numbers_have_their_nouns(n, first, resumed, others):
    summary = ImagesSummary(
        Path("i.h5"), n_images=n, n_participants=n, n_resumed=n, n_other_files=n
    )
    lines = list(summary.describe())
    assert lines[0] == first
    assert any(line.endswith(resumed) for line in lines)
    assert any(line.endswith(others) for line in lines)


def test_so_have_those_of_embed():
    summary = EmbedSummary(
        output=Path("e.h5"), n_images=1, n_dimensions=1, n_participants=1, n_left_out=1,
        n_resumed=1, provider="CPU", reason="", batch_size=1, seconds=1.0,
    )  # fmt: skip
    assert summary.describe()[1:] == [
        "1 photograph left out: below --min-grade",
        "1 photograph was done before: resumed",
        "e.h5: 1 photograph of 1 participant x 1 dimension",
    ]
