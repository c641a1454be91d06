"""The page in a real browser: no error, no request, every figure drawn, sorting and filtering."""

import base64
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
from tests.reference.eye_cohort import write_eye_cohort

from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.loci.options import LociOptions
from igwas.loci.run import run_loci
from igwas.report.options import ReportOptions
from igwas.report.run import run_report

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
SECONDS = 60

# Runs before the page's own script: what goes wrong is kept.
WATCH = """
window.outcome = {errors: [], refused: []};
window.addEventListener("error", e => outcome.errors.push(String(e.message)), true);
document.addEventListener("securitypolicyviolation", e => outcome.refused.push(e.blockedURI));
"""

# Runs when all is loaded: what a reader would do, by keyboard where there is a choice.
USE = """
window.addEventListener("load", () => {
  const $ = name => document.getElementById(name);
  const shown = () => Array.from($("loci-table").tBodies[0].rows).filter(r => !r.hidden);
  const column = n => shown().map(r => r.cells[n].dataset.sort);
  const headers = Array.from($("loci-table").tHead.rows[0].cells);
  const at = headers.findIndex(h => h.textContent.trim() === "−log₁₀ p");
  outcome.n_rows = shown().length;
  const button = headers[at].querySelector("button");
  button.focus();
  outcome.can_focus = document.activeElement === button;
  button.click();
  outcome.down = column(at).map(Number);
  outcome.aria_down = headers[at].getAttribute("aria-sort");
  button.click();
  outcome.up = column(at).map(Number);
  outcome.aria_up = headers[at].getAttribute("aria-sort");
  headers[0].querySelector("button").click();
  outcome.tests = column(0);
  outcome.aria_moved = [headers[at], headers[0]].map(h => h.getAttribute("aria-sort"));
  $("loci-test").value = "minimum_p";
  $("loci-test").dispatchEvent(new Event("change"));
  outcome.of_test = column(0);
  $("loci-test").value = "";
  $("loci-text").value = "no such variant";
  $("loci-text").dispatchEvent(new Event("input"));
  outcome.none = shown().length;
  outcome.count_of_none = $("loci-count").textContent;
  $("loci-text").value = "V6 OMNIBUS";
  $("loci-text").dispatchEvent(new Event("input"));
  outcome.found = shown().map(r => r.textContent);
  outcome.images = Array.from(document.images).map(i => [i.alt, i.complete && i.naturalWidth]);
  outcome.requests = performance.getEntriesByType("resource").map(e => e.name)
    .filter(n => !n.startsWith("data:"));
  outcome.overflow = document.documentElement.scrollWidth - window.innerWidth;
  outcome.height = document.documentElement.scrollHeight;
  const mark = document.createElement("pre");
  mark.id = "outcome";
  mark.textContent = JSON.stringify(outcome);
  document.body.append(mark);
});
"""

# Runs before what a reader does: the page as narrow as a telephone, and words on two lines of it.
NARROW = """
window.addEventListener("load", () => {
  const $ = name => document.getElementById(name);
  document.documentElement.style.width = "400px";
  outcome.broken = [];
  outcome.bars = Array.from(document.querySelectorAll(".bars"), e => e.getClientRects().length);
  // Of the outcomes, whose counts may be of many groups, the column of words must be in sight.
  const words = Array.from($("outcomes").tBodies[0].rows, row => row.cells[0]);
  outcome.cut = [$("photographs"), $("account"), ...words].filter(one =>
    one && one.getBoundingClientRect().right > document.documentElement.clientWidth
  ).map(one => one.textContent);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (["SCRIPT", "STYLE"].includes(node.parentElement.tagName)) continue;
    for (const word of node.data.matchAll(/[^\\s]+/g)) {
      if (!/^[A-Za-z0-9_.,;:()]{2,16}$/.test(word[0])) continue;
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const tops = new Set(Array.from(range.getClientRects(), r => Math.round(r.top)));
      if (tops.size > 1) outcome.broken.push(word[0]);
    }
  }
});
"""


def browse(folder: Path, page: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    profile = tempfile.mkdtemp(prefix="profile-", dir=folder)
    return subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-quic", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND",
         f"--user-data-dir={profile}",
         "--enable-logging=stderr", "--virtual-time-budget=20000", *arguments, page.as_uri()],
        capture_output=True, text=True, timeout=SECONDS, check=True,
    )  # fmt: skip


def watched(text: str, use: str = USE) -> str:
    """The page with two scripts of ours, which its policy is told of."""
    digests = ""
    for script in (WATCH, use):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        digests += f" 'sha256-{digest}'"
    text = re.sub(r"(script-src '[^']*')", lambda found: found[1] + digests, text, count=1)
    return text.replace("<style>", f"<script>{WATCH}</script><style>", 1).replace(
        "</body>", f"<script>{use}</script></body>"
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    if not BROWSER:
        pytest.skip("no chromium on PATH; install it, e.g. apt-get install chromium")
    folder = tmp_path_factory.mktemp("browser")
    cohort = write_eye_cohort(folder)
    run_scan(cohort.bed, cohort.phenotypes, folder / "s.h5", options=ScanOptions())
    run_loci(
        folder / "s.h5", folder / "l.tsv", json_output=folder / "l.json",
        options=LociOptions(genotypes=cohort.bed),
    )  # fmt: skip
    options = ReportOptions(genotypes=cohort.bed, regional=2)
    run_report(folder / "s.h5", folder / "l.json", folder / "report.html", options=options)
    return folder / "report.html"


@pytest.fixture(scope="module")
def outcome(page):
    copy = page.with_name("watched.html")
    copy.write_text(watched(page.read_text()))
    return read_outcome(browse(page.parent, copy, "--dump-dom"))


def read_outcome(done):
    """What the page's own eyes saw, and what its console said."""
    found = re.search(r'<pre id="outcome">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    text = found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(text) | {"console": console}


def test_nothing_goes_wrong_and_nothing_is_asked_for(outcome):
    assert outcome["errors"] == []
    assert outcome["refused"] == []
    assert outcome["console"] == []
    assert outcome["requests"] == []


def test_every_figure_is_drawn(outcome):
    assert len(outcome["images"]) >= 8
    assert all(width for _, width in outcome["images"])


def test_headings_sort_both_ways_and_say_so(outcome):
    assert outcome["can_focus"]
    assert outcome["n_rows"] > 2
    assert outcome["down"] == sorted(outcome["down"], reverse=True)
    assert outcome["up"] == sorted(outcome["down"])
    assert (outcome["aria_down"], outcome["aria_up"]) == ("descending", "ascending")
    assert outcome["tests"] == sorted(outcome["tests"])
    assert outcome["aria_moved"] == ["none", "ascending"]


def test_rows_are_filtered_by_test_and_by_words(outcome):
    assert set(outcome["of_test"]) == {"minimum_p"}
    assert outcome["none"] == 0
    assert outcome["count_of_none"] == f"0 of {outcome['n_rows']} shown"
    assert outcome["found"]
    assert all("v6" in row.lower() and "omnibus" in row for row in outcome["found"])


def test_a_refused_script_would_be_noticed(page):
    """The policy holds: a script that is not ours does not run."""
    copy = page.with_name("attacked.html")
    attack = "<script>document.title = 'broken into'</script>"
    copy.write_text(page.read_text().replace("<main", attack + "<main"))
    done = browse(page.parent, copy, "--dump-dom")
    assert "<title>broken into" not in done.stdout
    assert "CONSOLE" in done.stderr


@pytest.fixture(scope="module")
def pictures(page):
    """Where $IGWAS_SCREENSHOTS names a folder, the pictures are kept there."""
    folder = Path(os.environ.get("IGWAS_SCREENSHOTS") or page.parent / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def size_of(picture: Path) -> tuple[int, int]:
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG")
    return struct.unpack(">II", content[16:24])


@pytest.mark.parametrize(("name", "width"), [("wide", 1280), ("narrow", 500)])
def test_a_picture_of_the_whole_page_is_kept(page, pictures, name, width):
    """500 is the narrowest window that headless Chromium has."""
    copy = page.with_name(f"watched_{name}.html")
    copy.write_text(watched(page.read_text()))
    seen = read_outcome(browse(page.parent, copy, "--dump-dom", f"--window-size={width},900"))
    # Wide tables scroll in their own frames: the page itself must not.
    assert seen["overflow"] <= 0
    picture = pictures / f"report_{name}.png"
    size = f"--window-size={width},{min(16_000, seen['height'])}"
    browse(page.parent, page, size, "--hide-scrollbars", f"--screenshot={picture}")
    assert size_of(picture) == (width, min(16_000, seen["height"]))
    assert picture.stat().st_size > 50_000


def test_no_word_is_broken_in_a_window_as_narrow_as_a_telephone(page):
    copy = page.with_name("telephone.html")
    copy.write_text(watched(page.read_text(), NARROW + USE))
    seen = read_outcome(browse(page.parent, copy, "--dump-dom", "--window-size=500,900"))
    assert seen["broken"] == []
    # Bars, which only repeat the numbers, make room for words, and no word is cut off.
    assert seen["bars"]
    assert not any(seen["bars"])
    assert seen["cut"] == []
    assert seen["overflow"] <= 0


def test_the_page_prints(page, pictures):
    paper = pictures / "report_print.pdf"
    browse(page.parent, page, "--no-pdf-header-footer", f"--print-to-pdf={paper}")
    content = paper.read_bytes()
    assert content.startswith(b"%PDF")
    n_pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 3 <= n_pages <= 30
