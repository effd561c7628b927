"""The typefaces that come with the product, so that a package looks the same on every machine.

Inter 4 and Source Serif 4, unmodified, under the SIL Open Font License 1.1; the licences lie beside
the files. Both cover Latin, Greek and Cyrillic.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

FOLDER = Path(__file__).parent / "fonts_data"
FAMILIES = {"sans": "Inter", "serif": "Source Serif 4"}
# Debian's DejaVu covers what ours don't; other fonts of a machine would change the lines.
_FALLBACK_FOLDERS = ("/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/dejavu")


def file_for(typeface: Literal["sans", "serif"], weight: Literal[400, 600, 700]) -> Path:
    """The TrueType file of a face."""
    return FOLDER / f"{FAMILIES[typeface].replace(' ', '')}-{weight}.ttf"


def write_fontconfig(folder: Path) -> Path:
    """Writes a fontconfig file that sees our fonts and DejaVu only; its cache is in `folder`."""
    folders = "".join(f"<dir>{escape(str(one))}</dir>" for one in (FOLDER, *_FALLBACK_FOLDERS))
    path = folder / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"{folders}<cachedir>{escape(str(folder / 'cache'))}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return path
