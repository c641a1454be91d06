import hashlib
import subprocess
from pathlib import Path

from igwas import _core
from igwas._version import __version__
from igwas.benchmark.machine import commit, core_digest, load_average


def git(folder, *arguments):
    command = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@x", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def test_the_commit_says_whether_the_sources_changed_since(tmp_path):
    git(tmp_path, "init")
    source = tmp_path / "__init__.py"
    source.write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "x")
    clean = commit(tmp_path)
    assert len(clean) == 40
    source.write_text("2\n")
    assert commit(tmp_path) == f"{clean} with changes"


def test_a_package_below_somebody_elses_repository_has_no_commit(tmp_path):
    git(tmp_path, "init")
    (tmp_path / "a").touch()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "x")
    inside = tmp_path / "site-packages"
    inside.mkdir()
    (inside / "__init__.py").touch()
    assert commit(inside) == f"release {__version__}"


def test_the_core_is_known_by_its_digest():
    whole = hashlib.sha256(Path(_core.__file__).read_bytes()).hexdigest()
    assert whole.startswith(core_digest())
    assert len(core_digest()) == 12


def test_the_load_is_of_three_spans():
    assert len(load_average()) == 3
