"""The typefaces of packages, chosen so that a package looks the same on every machine.

Inter 4 and Source Serif 4 come with the product, Noto's Arabic and Devanagari with its lock, all
unmodified under the SIL Open Font License 1.1. Noto's CJK faces and its emoji are too large for
that: the set-up installs them from Debian. DejaVu draws the symbols that none of these has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from fontTools.ttLib import TTFont

from aicmo.errors import InstallComponent

FOLDER = Path(__file__).parent / "fonts_data"
FAMILIES = {"sans": "Inter", "serif": "Source Serif 4"}
# As Debian and Fedora lay them out.
_SYSTEM_FOLDERS = (
    Path("/usr/share/fonts/opentype/noto"),
    Path("/usr/share/fonts/truetype/noto"),
    Path("/usr/share/fonts/google-noto-sans-cjk-fonts"),
    Path("/usr/share/fonts/google-noto-color-emoji-fonts"),
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/dejavu"),
)
_SYSTEM_FILES = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJK-Bold.ttc",
    "NotoColorEmoji.ttf",
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
)
_CJK = {"ja": 0, "ko": 1, "zh": 2, "zh-Hans": 2, "zh-Hant": 3, "zh-TW": 3, "zh-HK": 4}
_CJK_NAMES = ("JP", "KR", "SC", "TC", "HK")
# Emoji are pictures of one size: fontconfig's own rule for drawing them at the size of the text.
_SCALED_PICTURES = """<match target="font"><test name="outline"><bool>false</bool></test>
<edit name="pixelsizefixupfactor" mode="assign"><divide><name target="pattern">pixelsize</name>
<name target="font">pixelsize</name></divide></edit>
<edit name="matrix" mode="assign"><times><name>matrix</name><matrix>
<name>pixelsizefixupfactor</name><double>0</double>
<double>0</double><name>pixelsizefixupfactor</name></matrix></times></edit>
<edit name="size" mode="assign"><divide><name>size</name><name>pixelsizefixupfactor</name></divide>
</edit></match>"""
_UNSEEN = frozenset("\n\r\t\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f")


@dataclass(frozen=True, slots=True)
class Face:
    """A file to measure and draw with; `number` is the face's place in a collection."""

    family: str
    path: Path
    number: int = 0


def file_for(typeface: Literal["sans", "serif"], weight: Literal[400, 600, 700]) -> Path:
    """The TrueType file of one of our own faces."""
    return FOLDER / f"{FAMILIES[typeface].replace(' ', '')}-{weight}.ttf"


def fallbacks(language: str = "en") -> tuple[Face, ...]:
    """The faces that are there beside our own, in the order they are tried.

    Args:
        language: a BCP 47 tag; Han characters are drawn as this language writes them.
    """
    number = _CJK.get(language, _CJK.get(language.partition("-")[0], 0))
    found = [
        Face("Noto Sans Arabic", _packaged("fontpkg_noto_sans_arabic")),
        Face("Noto Sans Devanagari", _packaged("fontpkg_noto_sans_devanagari")),
    ]
    others = (
        (f"Noto Sans CJK {_CJK_NAMES[number]}", "NotoSansCJK-Regular.ttc", number),
        ("Noto Color Emoji", "NotoColorEmoji.ttf", 0),
        ("DejaVu Sans", "DejaVuSans.ttf", 0),
    )
    found += [Face(name, at, n) for name, file, n in others if (at := _installed(file))]
    return tuple(found)


def stack(typeface: Literal["sans", "serif"], language: str) -> tuple[str, ...]:
    """The families to name in a style sheet, the brand's own first."""
    return (FAMILIES[typeface], *(face.family for face in fallbacks(language)))


def face_for(
    character: str, typeface: Literal["sans", "serif"], language: str = "en"
) -> Face | None:
    """The face that draws a character: the brand's own or the first fallback that has it."""
    own = Face(FAMILIES[typeface], file_for(typeface, 400))
    faces = (own, *fallbacks(language))
    return next((face for face in faces if ord(character) in _coverage(face.path)), None)


def require_fonts(texts: Iterable[str], language: str) -> None:
    """Makes sure that what the set-up should have installed isn't what is missing.

    Raises:
        InstallComponent: a text has characters that no face draws, and a font of Noto isn't there.
    """
    if all(_installed(file) for file in _SYSTEM_FILES[:3]):
        return
    seen = {character for text in texts for character in text} - _UNSEEN
    undrawn = sorted(
        one for one in seen if one.isprintable() and not face_for(one, "sans", language)
    )
    if undrawn:
        raise InstallComponent(
            f"No font on this machine draws {' '.join(undrawn[:8])}",
            next_step="On Debian: apt install fonts-noto-cjk fonts-noto-color-emoji.",
        )


def write_fontconfig(folder: Path) -> Path:
    """Writes a fontconfig file that sees these fonts only; its cache is in `folder`."""
    ours = (FOLDER, *(face.path.parent for face in fallbacks()))
    folders = "".join(f"<dir>{escape(str(one))}</dir>" for one in dict.fromkeys(ours))
    path = folder / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"{folders}<cachedir>{escape(str(folder / 'cache'))}</cachedir>"
        f"<selectfont>{_only_ours()}</selectfont>{_SCALED_PICTURES}</fontconfig>",
        encoding="utf-8",
    )
    return path


def _only_ours() -> str:
    # Other fonts in the same folders would change the lines from one machine to the next.
    refused = "".join(f"<glob>{folder}/*</glob>" for folder in _SYSTEM_FOLDERS)
    kept = "".join(f"<glob>{at}</glob>" for file in _SYSTEM_FILES if (at := _installed(file)))
    return f"<rejectfont>{refused}</rejectfont><acceptfont>{kept}</acceptfont>"


@cache
def _packaged(module: str) -> Path:
    spec = find_spec(module)
    folders = spec.submodule_search_locations if spec else None
    files = sorted((Path(folders[0]) / "files").glob("*.ttf")) if folders else []
    if not files:
        raise InstallComponent(
            f"The font package {module} is missing",
            next_step="`make setup` installs what the lock names.",
        )
    return files[0]


@cache
def _installed(file: str) -> Path | None:
    return next((at for folder in _SYSTEM_FOLDERS if (at := folder / file).is_file()), None)


@cache
def _coverage(path: Path) -> frozenset[int]:
    with TTFont(path, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())
