"""The measure of what an encoder sees, on vectors whose answer is known; and the script on few."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from validation.score_regression import explained_by

SCRIPT = Path(__file__).resolve().parents[2] / "validation" / "encoder_sight.py"
PEOPLE = [f"P{number:03d}" for number in range(200) for _ in range(2)]


def known(noise, n_dimensions=40):
    """Vectors, and scores of which one is theirs with noise added and one is not."""
    generator = np.random.default_rng(2)
    vectors = generator.normal(size=(len(PEOPLE), n_dimensions))
    seen = vectors @ generator.normal(size=n_dimensions)
    seen /= seen.std()
    unseen = generator.normal(size=len(PEOPLE))
    return vectors, np.stack([seen + noise * generator.normal(size=len(PEOPLE)), unseen], axis=1)


def test_a_score_that_is_in_the_vectors_is_explained_and_another_is_not():
    r2 = explained_by(*known(noise=0.0), PEOPLE)
    assert r2[0] > 0.99
    assert -0.15 < r2[1] < 0.05


def test_noise_lowers_it_to_its_share():
    r2 = explained_by(*known(noise=1.0, n_dimensions=5), PEOPLE)
    assert r2[0] == pytest.approx(0.5, abs=0.08)


def test_scale_and_place_of_vectors_and_scores_change_nothing():
    vectors, scores = known(noise=1.0)
    moved = explained_by(7 * vectors - 3, 5 * scores + 2, PEOPLE)
    np.testing.assert_allclose(moved, explained_by(vectors, scores, PEOPLE), atol=1e-8)


def test_what_only_names_the_person_explains_nothing():
    """Both images of a person are in one fold: recognising them is no help."""
    generator = np.random.default_rng(4)
    scores = np.repeat(generator.normal(size=(200, 1)), 2, axis=0)
    vectors = np.repeat(np.eye(200), 2, axis=0)
    assert explained_by(vectors, scores, PEOPLE)[0] < 0.05


@pytest.mark.slow
def test_the_script_measures_few_people(tmp_path):
    page = tmp_path / "sight.md"
    shape = ["--people", "40", "--train-people", "20", "--steps", "3", "--threads", "1"]
    command = [sys.executable, str(SCRIPT), "--work", str(tmp_path), "-o", str(page), *shape]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| pigment | 0." in page.read_text()
