"""Make the figures of docs/figures/ from a finished demo: `make docs-figures`.

python docs/draw_figures.py demo-output
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from igwas.report.options import ReportOptions
from igwas.report.run import run_report
from igwas.simulate.cameras import CAMERAS
from igwas.simulate.eye_parameters import parameter_names
from igwas.simulate.fundus import draw_fundus

FIGURES = Path(__file__).resolve().parent / "figures"
# Of the report's figures those that the pages show.
SHOWN = ("manhattan_omnibus", "miami_eyes", "heat_map", "locus_001")
# Colours that suffice for a plot; the file is a third of one with all of them.
N_COLOURS = 128
EYE_PX, SCORES = 200, (-2.0, 0.0, 2.0)
SCREEN_PX = (1280, 1400)


def draw_eyes(path: Path) -> None:
    """One eye; from left to right each parameter, above and below at two deviations."""
    rows = []
    for score in SCORES:
        row = []
        for number in range(len(parameter_names())):
            scores = np.zeros(len(parameter_names()))
            scores[number] = score
            row.append(draw_fundus(scores, "left", CAMERAS[0], exposure=1.0, seed=5, width=EYE_PX))
        rows.append(np.hstack(row))
    Image.fromarray(np.vstack(rows)).save(path, quality=85)


def draw_report(demo: Path, folder: Path) -> Path:
    """The demo's page again, with every figure as a file beside it."""
    page = folder / "report.html"
    options = ReportOptions(
        genotypes=demo / "genotypes.h5", phenotypes=demo / "phenotypes.h5",
        embeddings_audit=demo / "audit.json", title="igwas-fast demo",
    )  # fmt: skip
    run_report(
        demo / "statistics.h5", demo / "loci.json", page, figures=folder / "figures",
        options=options,
    )  # fmt: skip
    return page


def photograph_page(browser: str, page: Path, picture: Path) -> None:
    """What a reader sees first."""
    width, height = SCREEN_PX
    subprocess.run(
        [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         f"--window-size={width},{height}", f"--user-data-dir={page.parent / 'profile'}",
         f"--screenshot={picture}", page.as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip


def shrink(source: Path, target: Path) -> None:
    """Fewer colours, no metadata."""
    with Image.open(source) as picture:
        picture.convert("RGB").quantize(N_COLOURS).save(target, optimize=True)


def main() -> int:
    """Draw, copy, photograph."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("demo", type=Path, help="folder of a finished demo")
    demo = parser.parse_args().demo.resolve()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not (demo / "loci.json").exists() or browser is None:
        print(
            f"draw_figures: {demo} has no loci.json, or there is no chromium; expected a finished "
            "demo and a browser. Run `make demo` and `make browser` first.",
            file=sys.stderr,
        )
        return 1
    FIGURES.mkdir(exist_ok=True)
    draw_eyes(FIGURES / "drawn_eyes.jpg")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = draw_report(demo, folder)
        for figure in SHOWN:
            shrink(folder / "figures" / f"{figure}.png", FIGURES / f"{figure}.png")
        photograph_page(browser, page, folder / "page.png")
        shrink(folder / "page.png", FIGURES / "report.png")
    for path in sorted(FIGURES.iterdir()):
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
