"""From a brand's two colours to a whole theme in which every text can be read.

Contrast is WCAG 2.2's ratio: 4.5 for text (1.4.3), 3 for marks such as bars (1.4.11). A colour that
falls short is darkened (or lightened, on dark paper) until it passes, and a note says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from aicmo.packaging.pictures import picture
from aicmo.plans.colours import MARK, TEXT, contrast, mix, readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aicmo.packaging.pictures import Picture
    from aicmo.plans.document import Brand

_WHITE, _BLACK = "#ffffff", "#000000"
_NIGHT = "#14171a"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours for one paper, each `#rrggbb`.

    heading, accent_text, ink, muted: text, at least 4.5 on paper and on tint.
    mark, accent_mark: bars and rules, at least 3 on paper and on tint.
    line: hairlines; tint: the ground of boxes.
    """

    paper: str
    ink: str
    muted: str
    line: str
    tint: str
    heading: str
    accent_text: str
    mark: str
    accent_mark: str


@dataclass(frozen=True, slots=True)
class Theme:
    """A brand, ready to be drawn with; colours are `#rrggbb`.

    primary, accent: as the brand gave them; primary is only used as a ground, under on_primary.
    on_primary: text on primary, at least 4.5.
    series: six colours for charts with several series, at least 3 on white, the mark first.
    light, dark: the colours on white and on dark paper.
    name: which of the two looks; logo, cover: pictures for every format, None without one.
    notes: what was corrected, in words.
    templates: the project's own, by their paths in the brand's folder of templates.
    """

    primary: str
    accent: str
    on_primary: str
    series: tuple[str, ...]
    light: Palette
    dark: Palette
    name: Literal["clear", "editorial"]
    typeface: Literal["sans", "serif"]
    deck_fonts: Literal["brand", "office"]
    logo: Picture | None
    cover: Picture | None
    notes: tuple[str, ...]
    templates: Mapping[str, bytes] = field(default_factory=dict[str, bytes])

    @property
    def ink(self) -> str:
        return self.light.ink

    @property
    def muted(self) -> str:
        return self.light.muted

    @property
    def line(self) -> str:
        return self.light.line

    @property
    def tint(self) -> str:
        return self.light.tint

    @property
    def accent_text(self) -> str:
        return self.light.accent_text


def theme_for(brand: Brand, files: Mapping[str, bytes] | None = None) -> Theme:
    """The theme of a brand: the same brand and files always give the same theme.

    Args:
        brand: as the project's document has it.
        files: the files that the document refers to, by their paths there; without them the theme
            has no pictures.
    """
    primary, accent = brand.colours.primary.lower(), brand.colours.accent.lower()
    light = _palette(primary, accent, _WHITE)
    series = [light.mark, light.accent_mark]
    series += [mix(one, _BLACK, 0.35) for one in series] + [light.muted, light.ink]
    return Theme(
        primary=primary,
        accent=accent,
        on_primary=_on(primary, light.ink),
        series=tuple(readable(one, (_WHITE,), MARK) for one in series),
        light=light,
        dark=_palette(primary, accent, mix(_NIGHT, primary, 0.06)),
        name=brand.theme,
        typeface=brand.typeface,
        deck_fonts=brand.deck_fonts,
        logo=picture(files[brand.logo]) if files and brand.logo else None,
        cover=picture(files[brand.cover_picture]) if files and brand.cover_picture else None,
        notes=tuple(_notes(primary, accent, light)),
        templates=_templates(brand, files or {}),
    )


def _templates(brand: Brand, files: Mapping[str, bytes]) -> dict[str, bytes]:
    folder = f"{brand.templates}/"
    return {
        path.removeprefix(folder): content
        for path, content in sorted(files.items())
        if brand.templates and path.startswith(folder)
    }


def _palette(primary: str, accent: str, paper: str) -> Palette:
    is_light = paper == _WHITE
    ink = readable(mix(primary, "#1b1f23" if is_light else "#f2f4f5", 0.85), (paper,), 11)
    tint = mix(paper, primary if is_light else ink, 0.05)
    grounds = (paper, tint)
    return Palette(
        paper=paper,
        ink=ink,
        muted=readable(mix(ink, paper, 0.38), grounds, TEXT + 0.5),
        line=mix(ink, paper, 0.83),
        tint=tint,
        # Enough for text isn't enough on a dark page, where a heading has to stand out.
        heading=readable(primary, grounds, TEXT if is_light else 9),
        accent_text=readable(accent, grounds, TEXT),
        mark=readable(primary, grounds, MARK),
        accent_mark=readable(accent, grounds, MARK),
    )


def _on(ground: str, ink: str) -> str:
    # White and black can't both fall short: their ratios to one colour multiply to 21.
    return next(c for c in (_WHITE, ink, _BLACK) if contrast(c, ground) >= TEXT)


def _notes(primary: str, accent: str, light: Palette) -> list[str]:
    repaired = (
        ("primary", primary, light.heading, "headings"),
        ("accent", accent, light.accent_text, "small text"),
        ("primary", primary, light.mark, "charts"),
        ("accent", accent, light.accent_mark, "charts"),
    )
    return [
        f"The {name} colour {given} is too pale for {where}: {used} is used there."
        for name, given, used, where in repaired
        if given != used
    ]
