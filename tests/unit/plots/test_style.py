import subprocess
import sys

import numpy as np
import pytest

from igwas.plots.style import as_svg, compress, expand, look, new_figure, save, short, top_of


def test_importing_igwas_imports_no_matplotlib():
    code = "import sys, igwas, igwas.cli.main; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_tall_axis_is_linear_to_20_and_can_be_undone():
    values = np.array([0.0, 7.3, 20.0, 20.001, 100.0, 1655.0])
    np.testing.assert_array_equal(compress(values[:3]), values[:3])
    assert (np.diff(compress(values)) > 0).all()
    np.testing.assert_allclose(expand(compress(values)), values, rtol=1e-12)


@pytest.mark.parametrize(("highest", "level"), [(3.0, 7.3), (55.0, 7.3), (1655.0, 7.3), (0, 9)])
def test_the_top_of_an_axis_is_above_everything(highest, level):
    assert top_of(highest, level) > max(highest, level)


def test_names_are_made_fit_for_labels():
    assert short("a\nb\x00c") == "a�b�c"
    assert len(short("x" * 1000)) == 28


def test_a_dollar_sign_is_no_formula_and_a_rare_letter_no_warning():
    with look():
        figure = new_figure(2, 2)
        figure.add_subplot().set_title("$\\frac{ 漢 <b>")
    svg = as_svg(figure)
    assert "$\\frac{ 漢 &lt;b&gt;" in svg


def test_the_same_figure_has_the_same_bytes(tmp_path):
    def draw():
        with look():
            figure = new_figure(2, 2)
            figure.add_subplot().scatter([1, 2], [1, 2], rasterized=True)
        return figure

    assert as_svg(draw()) == as_svg(draw())
    for name, head in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
        save(draw(), tmp_path / "a", name)
        save(draw(), tmp_path / "b", name)
        data = (tmp_path / "a").read_bytes()
        assert data.startswith(head)
        assert data == (tmp_path / "b").read_bytes()


def test_an_svg_refers_to_nothing_outside():
    with look():
        figure = new_figure(2, 2)
        figure.add_subplot().scatter([1, 2], [1, 2], rasterized=True)
    svg = as_svg(figure)
    references = [part.split('"')[0] for part in svg.split('href="')[1:]]
    assert references
    assert all(one.startswith(("#", "data:image/png")) for one in references)
    assert "<script" not in svg
