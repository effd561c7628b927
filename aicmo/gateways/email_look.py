"""A brand's look in email: inline styles for each element, and its colours by day and by night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from aicmo.plans.colours import MARK, TEXT, contrast, readable
from aicmo.plans.document import Brand

_FONTS = {"sans": "Helvetica,Arial,sans-serif", "serif": "Georgia,'Times New Roman',serif"}
_AT_NIGHT = 7
"""What a link needs to stand out on a dark page, where 4.5 looks dull."""
_WHITE, _INK, _BLACK = "#ffffff", "#101828", "#000000"
_RIGHT_TO_LEFT = {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"}


@dataclass(frozen=True)
class Colours:
    """Colours of one mode, each `#rrggbb`; every text has WCAG's 4.5 on its ground.

    page, card: grounds; edge: a button's border, which has 3 on the card.
    """

    page: str
    card: str
    ink: str
    muted: str
    line: str
    link: str
    button: str
    on_button: str
    edge: str


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
    def start(self) -> str:
        """The side on which a line begins."""
        return "right" if self.direction == "rtl" else "left"

    @property
    def on_primary(self) -> str:
        return _text_on(self.brand.colours.primary)

    @property
    def light(self) -> Colours:
        return self._colours("#f2f4f7", _WHITE, "#1d2939", "#475467", "#e4e7ec")

    @property
    def dark(self) -> Colours:
        return self._colours("#101418", "#1a1f26", "#e9ecef", "#a9b2bd", "#343c47")

    def style(self, tag: str, align: str | None = None, *, is_last: bool = False) -> str:
        """The style of an element of the body.

        align: `left`, `center` or `right`, of a cell. is_last: nothing follows in its own box.
        """
        style = self._styles.get(tag, "")
        if tag in {"td", "th"}:
            style += f"text-align:{align or self.start};"
        return f"{style}margin-bottom:0;" if style and is_last else style

    def _colours(self, page: str, card: str, ink: str, muted: str, line: str) -> Colours:
        primary, is_day = self.brand.colours.primary, card == _WHITE
        # By day a button has the brand's own colour; a pale one is told from the page by its edge.
        button = primary if is_day else readable(primary, (card,), MARK)
        on_button = _text_on(button)
        return Colours(
            page, card, ink, muted, line,
            link=readable(primary, (card,), TEXT if is_day else _AT_NIGHT),
            button=button,
            on_button=on_button,
            edge=button if contrast(button, card) >= MARK else on_button,
        )  # fmt: skip

    @cached_property
    def _styles(self) -> Mapping[str, str]:
        start, light = self.start, self.light
        cell = f"padding:8px 6px;border-bottom:1px solid {light.line};vertical-align:top;"
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
            "th": f"{cell}font-weight:bold;",
        }


def _text_on(ground: str) -> str:
    # White and black can't both fall short: their ratios to one colour multiply to 21.
    return next(colour for colour in (_WHITE, _INK, _BLACK) if contrast(colour, ground) >= TEXT)
