"""A brand's look in email: inline styles for each element, and its colours by day and by night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aicmo.plans.colours import MARK, TEXT, contrast, readable
from aicmo.plans.document import Brand

_FONTS = {"sans": "Helvetica,Arial,sans-serif", "serif": "Georgia,'Times New Roman',serif"}
_WHITE, _INK = "#ffffff", "#101828"
_RIGHT_TO_LEFT = {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"}


@dataclass(frozen=True)
class Colours:
    """Colours of one mode, each `#rrggbb`; every text has WCAG's 4.5 on its ground.

    page, card: grounds; on_button: text on a button, which itself has 3 on the card.
    """

    page: str
    card: str
    ink: str
    muted: str
    line: str
    link: str
    button: str
    on_button: str


@dataclass(frozen=True)
class Look:
    """How one brand's emails look in one language.

    language: BCP 47 tag; direction: `ltr` or `rtl`.
    """

    brand: Brand
    language: str

    @property
    def font(self) -> str:
        return _FONTS[self.brand.typeface]

    @property
    def direction(self) -> str:
        return "rtl" if self.language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"

    @property
    def on_primary(self) -> str:
        return _text_on(self.brand.colours.primary)

    @property
    def light(self) -> Colours:
        return self._colours("#f2f4f7", _WHITE, "#1d2939", "#475467", "#e4e7ec")

    @property
    def dark(self) -> Colours:
        return self._colours("#101418", "#1a1f26", "#e9ecef", "#a9b2bd", "#343c47")

    def attributes(self, tag: str) -> Mapping[str, str]:
        """The attributes that an element of the body is dressed in."""
        style = self._styles().get(tag)
        return {"style": style} if style else {}

    def _colours(self, page: str, card: str, ink: str, muted: str, line: str) -> Colours:
        primary = self.brand.colours.primary
        # By day the button is the brand's colour as it is; a pale one gets an edge from its text.
        button = primary if card == _WHITE else readable(primary, (card,), MARK)
        return Colours(
            page, card, ink, muted, line,
            link=readable(primary, (card,), TEXT), button=button, on_button=_text_on(button),
        )  # fmt: skip

    def _styles(self) -> Mapping[str, str]:
        start, end = ("right", "left") if self.direction == "rtl" else ("left", "right")
        light = self.light
        cell = f"padding:8px 0;padding-{end}:16px;border-bottom:1px solid {light.line};vertical-align:top;"
        code = "font-family:Consolas,Menlo,monospace;font-size:90%;"
        return {
            "p": "margin:0 0 16px;",
            "h1": "margin:0 0 16px;font-size:26px;line-height:1.25;font-weight:bold;",
            "h2": "margin:28px 0 12px;font-size:20px;line-height:1.3;font-weight:bold;",
            "h3": "margin:24px 0 8px;font-size:17px;line-height:1.4;font-weight:bold;",
            "h4": "margin:20px 0 8px;font-size:16px;line-height:1.5;font-weight:bold;",
            "ul": f"margin:0 0 16px;padding:0;padding-{start}:24px;",
            "ol": f"margin:0 0 16px;padding:0;padding-{start}:24px;",
            "li": "margin:0 0 6px;",
            "blockquote": f"margin:0 0 16px;padding:2px 0;padding-{start}:16px;"
            f"border-{start}:3px solid {light.line};color:{light.muted};",
            "code": code,
            "pre": f"margin:0 0 16px;{code}white-space:pre-wrap;",
            "hr": f"margin:24px 0;border:0;border-top:1px solid {light.line};",
            "a": f"color:{light.link};text-decoration:underline;",
            "img": "max-width:100%;height:auto;border:0;vertical-align:middle;",
            "table": "width:100%;margin:0 0 16px;border-collapse:collapse;",
            "td": cell,
            "th": f"{cell}text-align:{start};",
        }


def _text_on(ground: str) -> str:
    return max((_WHITE, _INK), key=lambda colour: contrast(colour, ground))
