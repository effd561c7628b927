"""What a deck is drawn on: an empty presentation, its layouts, and which theme colour means what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pptx.enum.dml import MSO_THEME_COLOR as SLOT

if TYPE_CHECKING:
    from aicmo.packaging.deck_page import Box, Page


@dataclass(frozen=True, slots=True)
class Slots:
    """Theme colours by meaning; the first five are for text.

    ground: under on_primary. tint: under ink. mark, accent_mark: bars.
    """

    ink: SLOT = SLOT.TEXT_1
    muted: SLOT = SLOT.ACCENT_5
    primary: SLOT = SLOT.ACCENT_4
    accent: SLOT = SLOT.ACCENT_6
    on_primary: SLOT = SLOT.BACKGROUND_1
    ground: SLOT = SLOT.TEXT_2
    tint: SLOT = SLOT.BACKGROUND_2
    mark: SLOT = SLOT.ACCENT_1
    accent_mark: SLOT = SLOT.ACCENT_2


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout of the presentation.

    boxes: where its placeholders stand in inches, by our index.
    theirs: the presentation's placeholder index by ours.
    """

    part: Any
    boxes: dict[int, Box] = field(default_factory=dict[int, "Box"])
    theirs: dict[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True)
class Base:
    """An empty presentation to draw on.

    boxed: tiles stand on a tint; else under a rule. table_style: id of a table style.
    """

    deck: Any
    page: Page
    layouts: tuple[Layout, ...]
    slots: Slots
    table_style: str
    boxed: bool = True
