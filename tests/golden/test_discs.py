"""The disc found against 100 photographs checked by hand; see discs/HOW.md."""

import csv
from pathlib import Path

import numpy as np
import pytest

from igwas.images.disc import find_disc
from igwas.images.photograph import read_photograph

TABLE = Path(__file__).parent / "discs" / "hand_checked.csv"
TOLERANCE = 0.03
AT_LEAST = 98


@pytest.mark.slow
def test_the_disc_is_within_3_per_cent_in_98_of_100(data_dir):
    with TABLE.open() as stream:
        rows = list(csv.DictReader(stream))
    errors = []
    for row in rows:
        disc = find_disc(read_photograph(data_dir / "fundus" / row["file"]).rgb)
        x, y, radius = (float(row[name]) for name in ("x", "y", "radius"))
        away = np.hypot(disc.x - x, disc.y - y)
        errors.append(max(away, abs(disc.radius - radius)) / radius)
    assert len(errors) == 100
    assert sum(error < TOLERANCE for error in errors) >= AT_LEAST
