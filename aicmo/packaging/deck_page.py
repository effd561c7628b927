"""Where things stand on a slide, in inches: our own page, or that of a client's template."""

from __future__ import annotations

from dataclasses import dataclass

from aicmo.packaging.deck_text import Style

Box = tuple[float, float, float, float]
"""Left, top, width, height in inches."""

SLIDE_WIDTH, SLIDE_HEIGHT = 13.333, 7.5
MARGIN = 0.6
FULL_WIDTH = SLIDE_WIDTH - 2 * MARGIN
BODY_TOP, BODY_BOTTOM = 1.8, 6.8
TITLE = Style(28, bold=True, colour="primary", heading=True, inherits=True)
_TWO_LINES = 0.3  # of the title's height is given back to the body under a title of one line


@dataclass(frozen=True, slots=True)
class Page:
    """The slide and its two areas.

    title_style: its size is the largest a title may have. mirrored: laid out from right to left.
    """

    width: float
    height: float
    title: Box
    body: Box
    title_style: Style = TITLE
    mirrored: bool = False

    @property
    def body_width(self) -> float:
        return self.body[2]

    @property
    def body_height(self) -> float:
        return self.body[3]

    @property
    def body_bottom(self) -> float:
        return self.body[1] + self.body[3]

    def body_top(self, *, one_line: bool) -> float:
        """Where the body begins: higher under a title of one line, if titles stand at the top."""
        follows = 0 <= self.body[1] - (self.title[1] + self.title[3]) < self.title[3]
        return self.body[1] - (self.title[3] * _TWO_LINES if one_line and follows else 0.0)

    def placed(self, box: Box) -> Box:
        """The box on the slide: mirrored where the language runs from right to left."""
        left, top, width, height = box
        return (self.width - left - width, top, width, height) if self.mirrored else box


def our_page(*, mirrored: bool) -> Page:
    """A slide of 16:9 with our margins."""
    return Page(
        SLIDE_WIDTH,
        SLIDE_HEIGHT,
        (MARGIN, 0.7, FULL_WIDTH, 0.98),
        (MARGIN, BODY_TOP, FULL_WIDTH, BODY_BOTTOM - BODY_TOP),
        mirrored=mirrored,
    )
