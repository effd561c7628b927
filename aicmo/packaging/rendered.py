"""What every renderer hands back, and what it was made with."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_TOOLS = (
    "aicmo-delivery", "weasyprint", "pydyf", "pikepdf", "python-pptx", "pillow", "jinja2", "babel",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file that was written, reopened and checked.

    pages: pages of a PDF, slides of a deck, 0 for HTML, which has none.
    warnings: what a person should look at, though the file is good; for example a blocked address.
    """

    path: Path
    pages: int
    warnings: tuple[str, ...] = ()


def tool_versions() -> dict[str, str]:
    """The versions a package is made with, as its manifest names them."""
    return {name: version(name) for name in _TOOLS}
