"""Packaging the three example projects and one of 150 items, in ratios to other ways of doing it.

Every file is rendered from nothing (no kept part, no kept format) by workers that are warm; the cold
start is shown apart. Bare WeasyPrint renders the very HTML of the PDF in one warm worker. The package
is everything that `aicmo package` makes, from the database to the store; unchanged is its second run.
Two workers are compared with one on all the PDFs together. Medians over the projects.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from aicmo.database import Database
from aicmo.delivery.output_packager import build_project_package
from aicmo.execution.importing import import_document
from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.pdf import render_pdf
from aicmo.packaging.pdf_html import assets_for, whole_page
from aicmo.packaging.workers import WorkerPool, shared_pool
from aicmo.plans.reading import read_document
from benchmarks import packaging_peers as peers
from benchmarks.measuring import options, show
from tests.documents.fixtures import EXAMPLES as EXAMPLES_FOLDER
from tests.documents.fixtures import example_content, long_content

EXAMPLES = ("northside-founders", "aurelio-showroom", "tarn-ember-retention")
KEYS = (
    "pdf_to_bare_weasyprint", "package_to_pdf", "unchanged_to_first", "two_workers_to_one",
    "pdf_to_chromium", "pdf_to_typst", "deck_to_pptxgenjs", "rss_mb",
)  # fmt: skip
_KEY = b"a-benchmark-key-of-more-than-32-bytes"


def main() -> None:
    chosen = options(__doc__ or "")
    names = EXAMPLES[:1] if chosen.quick else EXAMPLES
    contents = {name: _example(name) for name in names}
    if not chosen.quick:
        contents["150 items"] = long_content()
    with tempfile.TemporaryDirectory(prefix="aicmo-benchmark-") as folder:
        os.chdir(folder)
        os.environ["AICMO_DATABASE_URL"] = f"sqlite:///{folder}/aicmo.db"
        found = measure(contents)
    if chosen.json:
        print(json.dumps(found["ratios"]))
        return
    columns = ["project", "PDF s", "cold s", "bare s", "package s", "again s", "Chromium s",
               "Typst s", "deck s", "PptxGenJS s"]  # fmt: skip
    show("Packaging, seconds of wall time", columns, found["rows"])
    show("Ratios", list(KEYS), [[found["ratios"][key] for key in KEYS]])


def _example(name: str) -> ProjectContent:
    content = example_content(name, approved=True)
    return replace(content, files=dict(read_document(EXAMPLES_FOLDER / f"{name}.yaml").files))


def measure(contents: dict[str, ProjectContent]) -> dict[str, Any]:
    """Seconds by project, and the ratios by `KEYS`; None where a contestant is absent."""
    rows: list[list[Any]] = []
    for name, content in contents.items():
        cold = _cold(content)
        rows.append([name, *_measure(content, cold)])
    _, pdf, _, bare, package, again, chromium, typst, deck, pptxgenjs = zip(*rows, strict=True)
    one, two, peak = _two_to_one(list(contents.values()))
    ratios = {
        "pdf_to_bare_weasyprint": _ratio(pdf, bare),
        "package_to_pdf": _ratio(package, pdf),
        "unchanged_to_first": _ratio(again, package),
        "two_workers_to_one": one / two,
        "pdf_to_chromium": _ratio(pdf, chromium),
        "pdf_to_typst": _ratio(pdf, typst),
        "deck_to_pptxgenjs": _ratio(deck, pptxgenjs),
        "rss_mb": max(peak, shared_pool().peak_mb),
    }
    return {"rows": rows, "ratios": ratios}


def _measure(content: ProjectContent, cold: float) -> list[Any]:
    outline, theme = compose(content), theme_for(content.document.brand, content.files)
    pool = shared_pool()
    _warm(pool, content)
    html = whole_page(outline, theme)
    bare = _seconds(lambda: _bare(pool, html, theme))
    pdf = _seconds(lambda: _pdf(content, pool))
    deck = _seconds(lambda: _in_folder(lambda path: pool.run(
        "aicmo.packaging.deck:render_deck", outline, theme, path / "deck.pptx")))  # fmt: skip
    first, again = _package(content)
    return [
        pdf, cold, bare, first, again,
        _present(lambda: peers.chromium_seconds(html)),
        _present(lambda: peers.typst_seconds(outline)),
        deck,
        _present(lambda: peers.pptxgenjs_seconds(outline)),
    ]  # fmt: skip


def _package(content: ProjectContent) -> tuple[float, float]:
    database = Database(os.environ["AICMO_DATABASE_URL"])
    database.upgrade()
    import_document(database, content.document, source="benchmark", actor="benchmark",
                    secret_key=_KEY, files=content.files)  # fmt: skip
    return tuple(
        _seconds(lambda: _checked(build_project_package(content.document.id))) for _ in range(2)
    )  # pyright: ignore[reportReturnType]


def _checked(result: Any) -> None:
    if result.errors:
        raise SystemExit(f"The package went wrong: {result.errors}")


def _cold(content: ProjectContent) -> float:
    with WorkerPool(shared_pool().size) as pool:
        return _seconds(lambda: _pdf(content, pool))


def _two_to_one(contents: list[ProjectContent]) -> tuple[float, float, float]:
    taken: list[float] = []
    peaks: list[float] = []
    for workers in (1, 2):
        with WorkerPool(workers) as pool, ThreadPoolExecutor(2) as threads:
            _warm(pool, contents[0])
            work = [(content, pool) for content in contents * 2]
            taken.append(_seconds(lambda work=work: list(threads.map(lambda w: _pdf(*w), work))))
            peaks.append(pool.peak_mb)
    return taken[0], taken[1], max(peaks)


def _warm(pool: WorkerPool, content: ProjectContent) -> None:
    _pdf(content, pool)


def _pdf(content: ProjectContent, pool: WorkerPool) -> None:
    outline, theme = compose(content), theme_for(content.document.brand, content.files)
    _in_folder(lambda path: render_pdf(outline, theme, path / "strategy.pdf", pool=pool))


def _bare(pool: WorkerPool, html: str, theme: Any) -> None:
    _in_folder(lambda path: pool.run(
        "benchmarks.packaging_bare:render", html, assets_for(theme, "en"), str(path / "bare.pdf")
    ))  # fmt: skip


def _in_folder(step: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        step(Path(folder))


def _present(measure: Callable[[], float]) -> float | None:
    try:
        return measure()
    except peers.Absent as reason:
        print(f"Left out: {reason}", file=sys.stderr)
        return None


def _ratio(ours: tuple[float, ...], theirs: tuple[float | None, ...]) -> float | None:
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if b]
    return statistics.median(a / b for a, b in pairs) if pairs else None


def _seconds(step: Callable[[], object]) -> float:
    start = perf_counter()
    step()
    return perf_counter() - start


if __name__ == "__main__":
    main()
