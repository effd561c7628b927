"""Packaging the three example projects: each format against the bare library on the same document.

Bare is: WeasyPrint's `write_pdf` on the very HTML that the PDF is made of, in a process of its own as
ours is; python-pptx opening the finished deck and saving it; Jinja rendering the summary's template
alone. The second build finds everything unchanged.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from typing import Any

from pptx import Presentation

from aicmo.packaging import html_summary, pdf
from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.rendering import FORMATS, render_format
from aicmo.plans.reading import read_document
from benchmarks.measuring import options, show

EXAMPLES = ("northside-founders", "aurelio-showroom", "tarn-ember-retention")
_BARE_PDF = """
import sys
from weasyprint import HTML, URLFetcher
class Assets(URLFetcher):
    def fetch(self, url, headers=None):
        return super().fetch("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>")
HTML(string=open(sys.argv[1]).read(), url_fetcher=Assets()).write_pdf(sys.argv[2])
"""


def main() -> None:
    chosen = options(__doc__ or "")
    names = EXAMPLES[:1] if chosen.quick else EXAMPLES
    results = {name: _measure(name) for name in names}
    if chosen.json:
        print(json.dumps(results))
        return
    show(
        "Packaging, seconds of wall time and ratios to the bare library",
        ["project", "format", "first s", "× bare library", "again s", "again ÷ first"],
        [
            [name, fmt, row["first"], row["to_bare"], row["again"], row["again"] / row["first"]]
            for name, result in results.items()
            for fmt, row in result.items()
        ],
    )


def _measure(name: str) -> dict[str, dict[str, float]]:
    content = example(name)
    with tempfile.TemporaryDirectory(prefix="aicmo-benchmark-") as folder:
        place = Path(folder)
        # The libraries' imports are paid once per process and would blur the first format.
        for fmt in FORMATS:
            render_format(content, fmt, place / "warm-up")
        bare = {fmt: _seconds(step) for fmt, step in _bare(content, place).items()}
        first = {fmt: _seconds(_rendering(content, fmt, place / "out")) for fmt in FORMATS}
        again = {fmt: _seconds(_rendering(content, fmt, place / "out")) for fmt in FORMATS}
    return {
        fmt: {
            "first": first[fmt],
            "bare": bare[fmt],
            "to_bare": first[fmt] / bare[fmt],
            "again": again[fmt],
        }
        for fmt in FORMATS
    }


def _rendering(content: ProjectContent, fmt: Any, place: Path) -> Callable[[], object]:
    return lambda: render_format(content, fmt, place)


def _bare(content: ProjectContent, place: Path) -> dict[str, Callable[[], object]]:
    outline, theme = compose(content), theme_for(content.document.brand)
    html = place / "strategy.html"
    html.write_text(pdf.html_for(outline, theme))
    deck = next((place / "warm-up").rglob("deck.pptx"))
    command = [sys.executable, "-c", _BARE_PDF, str(html), str(place / "bare.pdf")]
    return {
        "pdf": lambda: subprocess.run(command, check=True, capture_output=True),
        "pptx": lambda: Presentation(str(deck)).save(str(place / "bare.pptx")),
        "html": lambda: html_summary.html_for(outline, theme),
    }


def example(name: str) -> ProjectContent:
    """A bundled project as a package sees it before anything was approved."""
    path = Path(str(files("aicmo.plans") / "examples" / f"{name}.yaml"))
    document = read_document(path).document.model_copy(update={"contacts": ()})
    return ProjectContent(document, plan_version=1, imported_at=datetime(2026, 3, 1, tzinfo=UTC))


def _seconds(step: Callable[[], object]) -> float:
    start = perf_counter()
    step()
    return perf_counter() - start


if __name__ == "__main__":
    main()
