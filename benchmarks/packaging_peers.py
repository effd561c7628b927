"""Others that make the same things: Typst and Chromium a PDF, PptxGenJS a deck.

Typst comes from PyPI and PptxGenJS from npm into `.peers/`; Chromium is the machine's. Each gets the
outline's texts and tables; their pages are plainer than ours and carry less: they are yardsticks of
speed, not of looks.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from aicmo.packaging.fonts import FOLDER
from aicmo.packaging.outline import BarChart, Cards, Chapter, Outline, Table, texts

_HERE = Path(__file__).parent
_PEERS = _HERE.parent / ".peers"
_TYPST, _PPTXGENJS = "0.15.2", "4.0.1"
_CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-pdf-header-footer",
)  # fmt: skip
_COMPILE = """
import sys, time, typst
begun = time.perf_counter()
typst.compile(sys.argv[1], output=sys.argv[2], font_paths=[sys.argv[3]])
print(time.perf_counter() - begun)
"""
_ROWS = 10


class Absent(Exception):
    """A contestant isn't on this machine and can't be installed."""


def chromium_seconds(html: str) -> float:
    """Wall seconds of Chromium's print of the page, its start included."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        raise Absent("Chromium isn't installed")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(html, encoding="utf-8")
        target = f"--print-to-pdf={folder}/page.pdf"
        profile = f"--user-data-dir={folder}/profile"
        return _seconds([program, *_CHROMIUM_FLAGS, profile, target, page.as_uri()], Path(folder))


def typst_seconds(outline: Outline) -> float:
    """Wall seconds of Typst's compilation, as a library in a process that has it loaded."""
    python = _PEERS / "typst" / "bin" / "python"
    if not python.exists():
        _run(["uv", "venv", "--quiet", "--python", sys.executable, python.parents[1]])
        _run(["uv", "pip", "install", "--quiet", "--python", python, f"typst=={_TYPST}"])
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.typ"
        page.write_text("\n\n".join(_typst(outline)), encoding="utf-8")
        return float(_run([python, "-c", _COMPILE, page, f"{folder}/page.pdf", FOLDER]))


def pptxgenjs_seconds(outline: Outline) -> float:
    """Wall seconds of PptxGenJS in a Node process that has it loaded."""
    modules = _PEERS / "pptxgenjs"
    if not (modules / "node_modules").exists():
        modules.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--silent", "--ignore-scripts", "--prefix", modules,
              f"pptxgenjs@{_PPTXGENJS}"])  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        slides = Path(folder) / "slides.json"
        slides.write_text(json.dumps(list(_slides(outline))), encoding="utf-8")
        script = _HERE / "packaging_pptxgenjs.cjs"
        return float(_run(["node", script, modules, slides, f"{folder}/deck.pptx"]))


def _run(command: list[object]) -> str:
    try:
        done = subprocess.run(
            [str(one) for one in command], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise Absent(f"{command[0]} failed: {getattr(error, 'stderr', error)}") from error
    return done.stdout.strip()


def _seconds(command: list[str], folder: Path) -> float:
    begun = perf_counter()
    _run([*command])
    if not (folder / "page.pdf").exists():
        raise Absent("Chromium wrote no PDF")
    return perf_counter() - begun


def _typst(outline: Outline) -> Iterator[str]:
    yield '#set page("a4", numbering: "1 / 1")\n#set text(font: "Inter", size: 9.5pt)\n#outline()'
    for chapter in outline.chapters:
        yield f"#pagebreak()\n#heading(level: 1)[#{_quoted(chapter.title)}]"
        yield f"#{_quoted(chapter.conclusion)}"
        for section in chapter.sections:
            yield f"#heading(level: 2)[#{_quoted(section.heading)}]"
            for block in section.blocks:
                if isinstance(block, Table):
                    cells = [cell for row in (block.columns, *block.rows) for cell in row]
                    told = ", ".join(_quoted(cell) for cell in cells)
                    yield f"#table(columns: {len(block.columns)}, {told})"
                else:
                    yield from (f"#{_quoted(text)}" for text in texts(block) if text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _slides(outline: Outline) -> Iterator[dict[str, object]]:
    for chapter in outline.chapters:
        yield {"title": chapter.conclusion, "points": [one.heading for one in chapter.sections]}
        yield from _chapter_slides(chapter)


def _chapter_slides(chapter: Chapter) -> Iterator[dict[str, object]]:
    for section in chapter.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                for start in range(0, len(block.rows), _ROWS):
                    rows = [block.columns, *block.rows[start : start + _ROWS]]
                    yield {"title": block.caption, "rows": rows}
            elif isinstance(block, BarChart):
                names, values = zip(*((bar.label, bar.value) for bar in block.bars), strict=True)
                yield {"title": block.caption, "names": names, "values": values}
            elif isinstance(block, Cards) and chapter.key != "content":
                yield {"title": section.heading, "points": [card.title for card in block.cards]}
