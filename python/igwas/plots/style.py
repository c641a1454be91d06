"""One look for every figure: colours that colour-blind readers tell apart, plain text, SVG."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igwas.errors import InputError
from igwas.extras import install_command

try:
    import matplotlib as mpl
    from matplotlib.figure import Figure
except ImportError as error:
    raise InputError(
        f"figures need matplotlib. Install it with: {install_command('report')}."
    ) from error

Floats = NDArray[np.float64]

# Okabe & Ito (2008), a set that stays apart under every common kind of colour blindness.
BLACK, ORANGE, SKY, GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
YELLOW, BLUE, VERMILION, PURPLE = "#f0e442", "#0072b2", "#d55e00", "#cc79a7"
GREY, PALE = "#6b7280", "#d1d5db"

FORMATS = ("png", "svg", "pdf")

# Points are drawn as pixels inside the SVG: a million vector circles would stop a browser.
RASTER_DPI = 200

LOG10P = "−log₁₀ p"

# Above this, tall axes go on logarithmically: a signal of 10^-1600 would flatten all others.
_LINEAR_TO = 20.0
_LINEAR_UP_TO = 60.0

_SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#374151",
    "axes.labelcolor": "#111827",
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "xtick.color": "#374151",
    "ytick.color": "#374151",
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    # Names are the user's: a dollar sign in one is no formula.
    "text.parse_math": False,
    "text.usetex": False,
    # Text stays text, to be edited and searched.
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    # The same figure has the same bytes.
    "svg.hashsalt": "igwas",
}


@contextmanager
def look() -> Iterator[None]:
    """Settings under which figures are made and saved; the process's own come back afterwards."""
    settings: Any = _SETTINGS
    with mpl.rc_context(settings), warnings.catch_warnings():
        # A name may hold a letter that the font lacks; the figure is fine without it.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing", category=UserWarning)
        yield


def new_figure(width: float, height: float) -> Figure:
    """Make a figure of some inches, laid out to fit its labels, outside any global state."""
    return Figure(figsize=(width, height), layout="constrained")


def as_svg(figure: Figure) -> str:
    """Draw a figure as SVG text."""
    stream = io.BytesIO()
    _save(figure, stream, "svg")
    return stream.getvalue().decode()


def save(figure: Figure, path: Path, format_name: str) -> None:
    """Write a figure as `png`, `svg` or `pdf`."""
    with path.open("wb") as stream:
        _save(figure, stream, format_name)


def _save(figure: Figure, stream: Any, format_name: str) -> None:
    # Without a date the same figure is the same bytes.
    metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(
        format_name, {}
    )
    with look():
        figure.savefig(
            stream, format=format_name, dpi=RASTER_DPI, metadata=metadata, facecolor="white"
        )


def short(name: str, length: int = 28) -> str:
    """Make a name fit for a label: one line, printable, at most so long.

    Examples
    --------
    >>> short("chr1:100:" + "A" * 40, 16)
    'chr1:100:AAAAAA…'
    """
    plain = "".join(letter if letter.isprintable() else "�" for letter in name)
    return plain if len(plain) <= length else plain[: length - 1] + "…"


def compress(values: Any) -> Floats:
    """Height of -log10 p on a tall axis: linear to 20, logarithmic above, without a kink."""
    values = np.asarray(values, dtype=np.float64)
    above = np.maximum(values, _LINEAR_TO)
    return np.asarray(
        np.where(values > _LINEAR_TO, _LINEAR_TO * (1 + np.log(above / _LINEAR_TO)), values)
    )


def expand(heights: Any) -> Floats:
    """Undo `compress`."""
    heights = np.asarray(heights, dtype=np.float64)
    above = np.minimum(np.maximum(heights / _LINEAR_TO, 1.0), 700.0)
    return np.asarray(np.where(heights > _LINEAR_TO, _LINEAR_TO * np.exp(above - 1), heights))


def scale_log10p(axes: Any, highest: float, axis: str = "y") -> None:
    """Set the scale, ticks and label of a -log10 p axis that must hold `highest`."""
    if not np.isfinite(highest) or highest <= _LINEAR_UP_TO:
        _label(axes, axis, LOG10P)
        return
    tall = [t for t in (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000) if t <= 1.5 * highest]
    ticks = [0, 5, 10, 20, *tall]
    if axis == "y":
        axes.set_yscale("function", functions=(compress, expand))
        axes.set_yticks(ticks, [f"{t:,}" for t in ticks])
    else:
        axes.set_xscale("function", functions=(compress, expand))
        axes.set_xticks(ticks, [f"{t:,}" for t in ticks])
    _label(axes, axis, f"{LOG10P} (logarithmic above 20)")


def _label(axes: Any, axis: str, text: str) -> None:
    (axes.set_ylabel if axis == "y" else axes.set_xlabel)(text)


def top_of(highest: float, level: float, headroom: float = 0.05) -> float:
    """Upper limit of a -log10 p axis that shows the level and everything below `highest`."""
    largest = max(highest if np.isfinite(highest) else 0.0, level)
    if largest <= _LINEAR_UP_TO:
        return (1 + headroom) * largest + 0.4
    return float(expand((1 + headroom) * compress(largest)))
