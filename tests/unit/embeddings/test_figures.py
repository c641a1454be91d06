import io

import numpy as np
import pytest

from igwas.embeddings import figures


def png(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def axes_of(figure):
    (axes,) = figure.axes
    return axes


def test_the_retrieval_curve_shows_shares_within_the_first_k():
    ranks = np.array([[1, 1, 4, 2], [1, 3, 4, 4]])
    axes = axes_of(figures.retrieval_curve(ranks, ranks[:, ::-1]))
    curve = axes.lines[0].get_ydata()
    np.testing.assert_allclose(curve, [3 / 8, 4 / 8, 5 / 8, 1])
    np.testing.assert_allclose(axes.lines[-1].get_ydata(), [0.25, 0.5, 0.75, 1])
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["embedding", "colour histogram", "chance"]


def test_agreement_is_drawn_in_order_without_what_is_nan():
    value = np.array([0.2, np.nan, 0.8])
    axes = axes_of(figures.agreement_plot(value, value - 0.1, value + 0.1))
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0.8, 0.2])
    assert "1 not estimable" in axes.get_title(loc="left")


def test_the_spectrum_is_cumulative():
    axes = axes_of(figures.spectrum_plot(np.array([0.5, 0.3, 0.2]), 2.8))
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.5, 0.8, 1])
    assert axes.get_title(loc="left") == "Effective rank 2.8 of 3"


def test_variables_stand_in_order_of_what_they_explain():
    by_dimension = np.array([[0.1, 0.2], [np.nan, np.nan], [0.5, 0.6]])
    figure = figures.explained_plot(["a", "b", "c"], by_dimension, np.array([0.15, np.nan, 0.55]))
    axes = axes_of(figure)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b", "a", "c"]


def test_the_neighbour_sheet_has_a_picture_and_a_label_each():
    pictures = np.zeros((2, 4, 8, 8, 3), np.uint8)
    labels = [[f"{row}{column}" for column in range(4)] for row in range(2)]
    figure = figures.neighbour_sheet(pictures, labels, "alike")
    assert len(figure.axes) == 8
    assert [axes.get_xlabel() for axes in figure.axes] == [*labels[0], *labels[1]]
    assert [axes.get_title() for axes in figure.axes[:4]] == [
        "asked with", "other eye", "nearest 1", "nearest 2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "figure",
    [
        lambda: figures.retrieval_curve(np.ones((2, 1), np.int64)),
        lambda: figures.agreement_plot(*np.full((3, 2), 0.5)),
        lambda: figures.spectrum_plot(np.ones(1), 1.0),
        lambda: figures.explained_plot(["a"], np.zeros((1, 1)), np.zeros(1)),
    ],
)
def test_the_smallest_figures_can_be_saved(figure):
    assert png(figure()).startswith(b"\x89PNG")
