import re
import sys
import tomllib
from pathlib import Path

import pytest

from igwas.embeddings.figures import new_figure
from igwas.embeddings.half_precision import halve
from igwas.embeddings.providers import onnx_runtime
from igwas.errors import IgwasError
from igwas.extras import install_command
from igwas.images.imaging_libraries import pillow
from igwas.report.page import _environment

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("module", "function", "extra"),
    [
        ("PIL.Image", pillow, "encoder"),
        ("onnxruntime", onnx_runtime, "encoder"),
        ("onnx", lambda: halve(b"", "m.onnx"), "gpu"),
        ("jinja2", _environment, "report"),
        ("matplotlib.backends.backend_agg", lambda: new_figure(1, 1), "report"),
    ],
)
def test_what_is_missing_is_installed_from_the_checkout(monkeypatch, module, function, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(IgwasError) as error:
        function()
    assert install_command(extra) in str(error.value)


def test_extras_that_messages_name_are_extras_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sources = "".join(path.read_text() for path in (ROOT / "python").rglob("*.py"))
    named = re.findall(r"install_command\(['\"](\w+)", sources)
    assert len(named) >= 8
    assert set(named) <= set(project["optional-dependencies"])


def test_no_message_names_an_index_that_has_no_such_package():
    for path in (ROOT / "python").rglob("*.py"):
        assert "igwas-fast[" not in path.read_text(), path
