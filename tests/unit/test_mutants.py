"""The faults that `make mutants` puts into the GPU backend: up to date, and one of them caught."""

import importlib.util
import shutil
import sys

import pytest
from tests.conftest import REPOSITORY

SCRIPT = REPOSITORY / "cpp" / "tests" / "cuda_sim" / "mutants.py"
LIBRARY = REPOSITORY / "build" / "core" / "libigwas_core.a"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("mutants", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module


def test_every_fault_can_be_put_into_the_sources(script):
    for mutant in script.MUTANTS:
        text = (REPOSITORY / "cpp" / "cuda" / mutant.file).read_text()
        assert script.mutated(text, mutant) != text
    assert len({mutant.name for mutant in script.MUTANTS}) == len(script.MUTANTS) >= 10


def test_the_documentation_says_how_many_there_are(script):
    assert f"| all {len(script.MUTANTS)}: " in (REPOSITORY / "docs" / "cuda.md").read_text()


def test_a_fault_that_is_no_longer_possible_is_an_error(script):
    with pytest.raises(ValueError, match="expected once"):
        script.mutated("nothing", script.MUTANTS[0])


@pytest.mark.skipif(
    not LIBRARY.exists() or shutil.which("g++") is None, reason="needs make test-cpp"
)
def test_a_digit_out_of_range_is_caught(script, tmp_path):
    """The quickest: the parts' own test sees it."""
    tree = script.Tree(tmp_path, LIBRARY)
    digits = next(mutant for mutant in script.MUTANTS if mutant.name == "digit out of range")
    source = tree.sources / "cuda" / digits.file
    source.write_text(script.mutated(source.read_text(), digits))
    # All that this test links.
    used = (tree.sim / "test_cuda_parts.cpp", source, source.with_name("memory_plan.cpp"))
    objects = {path: tree.object_of(path) for path in used}
    for path, to in objects.items():
        tree.compile(path, to)
    assert tree.run(objects, ("test_cuda_parts",)) == ["test_cuda_parts"]
