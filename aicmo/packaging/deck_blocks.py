"""From the outline's blocks to the parts of slides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from aicmo.packaging.deck_parts import (
    MOST_BARS,
    MOST_GOALS,
    MOST_SPANS,
    Bars,
    Framed,
    Goals,
    Month,
    Pair,
    Part,
    Rows,
    Spans,
    Text,
    Tile,
    Tiles,
)
from aicmo.packaging.deck_text import (
    BODY,
    CALLOUT_TITLE,
    FIGURE_LABEL,
    FIGURE_VALUE,
    LEAD,
    POINT,
    TILE_DETAIL,
    TILE_LABEL,
    TILE_POINT,
    TILE_TEXT,
    TILE_TITLE,
    Para,
    Style,
    lines_of,
    on_primary,
    plain,
)
from aicmo.packaging.outline import (
    BarChart,
    Block,
    Bullets,
    Callout,
    Card,
    Cards,
    Figure,
    Figures,
    MonthGrid,
    Paragraph,
    Section,
    Table,
    TargetChart,
    Timeline,
    texts,
)

if TYPE_CHECKING:
    from aicmo.packaging.deck_page import Page
    from aicmo.packaging.translation import Translation

_EXCERPT, _LEAST_EXCERPT = 560, 200  # characters of a card that a slide shows
_SHORT_DETAIL = 32
_WORDY, _SHORT = 230, 170  # characters in a card: at most two columns, up to four
_SMALL_SECTION = 330
_PAIRED_COLUMNS = 4
_HEADINGS = " · "
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
POINT_MARK = re.compile(r"^(•|\d{1,2}\.)\s+(.*)$")


def joined(sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections, with neighbouring ones of a few words drawn together as cards of one section."""
    kept: list[Section] = []
    run: list[Section] = []
    for section in (*sections, None):
        if section is not None and _is_small(section):
            run.append(section)
            continue
        kept += _as_one(run)
        run = []
        kept += [section] if section is not None else []
    return tuple(kept)


def _is_small(section: Section) -> bool:
    texts = [block for block in section.blocks if isinstance(block, Paragraph | Bullets)]
    length = sum(len(text) for block in texts for text in _texts(block))
    return bool(section.heading) and len(texts) == len(section.blocks) and length <= _SMALL_SECTION


def _texts(block: Paragraph | Bullets) -> tuple[str, ...]:
    return block.points if isinstance(block, Bullets) else (block.text,)


def _as_one(run: list[Section]) -> list[Section]:
    if len(run) < 2:  # noqa: PLR2004  (one section has nothing to be joined with)
        return run
    heading = _HEADINGS.join(section.heading for section in run)
    return [Section(heading, (Cards(tuple(map(_section_card, run))),))]


def _section_card(section: Section) -> Card:
    lines: list[str] = []
    for block in section.blocks:
        match block:
            case Bullets(points, ordered):
                lines += [f"{i}. {p}" if ordered else f"• {p}" for i, p in enumerate(points, 1)]
            case Paragraph(text):
                lines += ["", text]  # a paragraph of its own
            case _:
                pass
    return Card(section.heading, "\n".join(lines).strip())


def names_itself(section: Section) -> bool:
    """Whether the section is a row of cards whose titles are its heading."""
    match section.blocks:
        case (Cards(cards),):
            return section.heading == _HEADINGS.join(card.title for card in cards)
        case _:
            return False


def parts_of(section: Section, page: Page, say: Translation) -> Iterator[Part]:
    """The parts a section's blocks are drawn as."""
    pending: list[Para] = []
    blocks = list(section.blocks)
    while blocks:
        block = blocks.pop(0)
        if isinstance(block, Paragraph | Bullets):
            pending += _paras(block)
            continue
        if pending:
            yield Text(tuple(pending))
            pending = []
        following = blocks[0] if blocks else None
        pair = _pair(block, following, page)
        if pair:
            blocks.pop(0)
            yield pair
        else:
            yield from _visual(block, page, say)
    if pending:
        yield Text(tuple(pending))


def _pair(one: Block, other: Block | None, page: Page) -> Pair | None:
    match one, other:
        case (Table() as table, BarChart() as chart) | (BarChart() as chart, Table() as table):
            pair = Pair(Rows(table, table.rows), Bars(chart))
        case _:
            return None
    small = len(table.columns) <= _PAIRED_COLUMNS and not (
        too_many(pair.left) or too_many(pair.right)
    )
    return pair if small and pair.height(page.body_width, 1.0) <= page.body_height else None


def _visual(block: Block, page: Page, say: Translation) -> Iterator[Part]:
    match block:
        case Cards(cards) if cards:
            yield Tiles(tuple(_card_tile(card, say) for card in cards), _columns(cards))
        case Figures(figures) if figures:
            yield Tiles(tuple(map(_figure_tile, figures)), min(len(figures), 4))
        case Table() if block.rows or block.total:
            yield Rows(block, block.rows)
        case BarChart() if block.bars:
            yield Bars(block)
        case Timeline() if block.spans:
            yield Spans(block)
        case TargetChart() if block.goals:
            yield (
                Goals(block)
                if _comparable(block)
                else Rows(rows := _goal_table(block, say), rows.rows)
            )
        case MonthGrid() if block.weeks:
            yield Month(block, say, page.body_height)
        case Callout():
            yield Tiles((_callout_tile(block, say),), 1, strong=True)
        case _:
            pass


def _comparable(chart: TargetChart) -> bool:
    """Whether bars say more than figures: most measures have a baseline that is a share of a target."""
    known = [one for one in chart.goals if one.baseline is not None]
    return 2 * len(known) >= len(chart.goals) and all(
        one.target > 0 and (one.baseline or 0) >= 0 for one in chart.goals
    )


def _goal_table(chart: TargetChart, say: Translation) -> Table:
    rows = tuple((one.label, one.shown_baseline, one.shown_target) for one in chart.goals)
    columns = (say.text("Measure"), say.text("Today"), say.text("Target"))
    return Table(chart.caption, columns, rows, frozenset({1, 2}), source=chart.source)


def _callout_tile(callout: Callout, say: Translation) -> Tile:
    kind = say.text("Decision") if callout.kind == "decision" else say.text("Please note")
    paras = [
        *_one("" if kind in callout.title else kind, TILE_LABEL),
        *_one(callout.title, CALLOUT_TITLE),
        *_text_paras(callout.text, BODY, POINT),
    ]
    return Tile(tuple(replace(para, style=on_primary(para.style)) for para in paras))


def _paras(block: Paragraph | Bullets) -> list[Para]:
    if isinstance(block, Paragraph):
        return list(_text_paras(block.text, LEAD if block.lead else BODY, POINT))
    return [
        Para(" ".join(lines_of(point)), POINT, f"{number}." if block.ordered else "•")
        for number, point in enumerate(block.points, start=1)
    ]


def _text_paras(text: str, style: Style, point: Style) -> Iterator[Para]:
    return _marked_paras(paragraphs(text), style, point)


def _marked_paras(marked: Iterable[tuple[str, str]], style: Style, point: Style) -> Iterator[Para]:
    for bullet, words in marked:
        yield Para(words, point, bullet) if bullet else Para(words, style)


def paragraphs(text: str) -> list[tuple[str, str]]:
    """The paragraphs of a text, each with its list mark (or an empty one).

    A blank line or a list mark begins a paragraph; other line breaks are those of an editor.
    """
    found: list[tuple[str, str]] = []
    begins = True
    for raw in plain(text).splitlines():
        line = " ".join(raw.split())
        point = POINT_MARK.match(line)
        if point:
            found.append((point[1], point[2]))
        elif line and (begins or not found):
            found.append(("", line))
        elif line:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line}")
        begins = not line
    return found


def _columns(cards: Sequence[Card]) -> int:
    lengths = [sum(map(len, (c.text, *(k + v for k, v in c.details)))) for c in cards]
    if len(cards) == 4:  # noqa: PLR2004  (two by two, unless one row is enough)
        return 4 if max(lengths) <= _SHORT else 2
    if len(cards) == 3:  # noqa: PLR2004  (one row)
        return 3
    return min(len(cards), 2 if sum(lengths) / len(cards) > _WORDY else 3)


def _card_tile(card: Card, say: Translation) -> Tile:
    details = list(_details(card))
    room = max(_LEAST_EXCERPT, _EXCERPT - sum(len(para.text) for para in details))
    shown, whole = excerpt(card.text, room)
    paras = [
        *_one(card.label, TILE_LABEL),
        *_one(card.title, TILE_TITLE),
        *_marked_paras(shown, TILE_TEXT, TILE_POINT),
        *details,
    ]
    if not whole:
        paras.append(Para(say.text("The whole text is in the notes of this slide."), TILE_DETAIL))
    return Tile(tuple(paras), "" if whole else _card_text(card))


def _details(card: Card) -> Iterator[Para]:
    """A line for each long detail, one for all the short ones."""
    pairs = [(f"{name}: {' '.join(lines_of(value))}", len(value)) for name, value in card.details]
    yield from (Para(text, TILE_DETAIL) for text, size in pairs if size > _SHORT_DETAIL)
    short = " · ".join(text for text, size in pairs if size <= _SHORT_DETAIL)
    if short:
        yield Para(short, TILE_DETAIL)


def _card_text(card: Card) -> str:
    details = (f"{name}: {value}" for name, value in card.details)
    return "\n".join(text for text in (card.label, card.title, card.text, *details) if text)


def _figure_tile(figure: Figure) -> Tile:
    return Tile(
        (
            *_one(figure.value, FIGURE_VALUE),
            *_one(figure.label, FIGURE_LABEL),
            *_one(figure.note, TILE_DETAIL),
        )
    )


def _one(text: str, style: Style) -> Iterable[Para]:
    line = " ".join(lines_of(text))
    return (Para(line, style),) if line else ()


def excerpt(text: str, room: int) -> tuple[list[tuple[str, str]], bool]:
    """The first whole sentences of a text, in paragraphs, and whether that is all of it."""
    everything = paragraphs(text)
    if sum(len(words) for _, words in everything) <= room:
        return everything, True
    shown: list[tuple[str, str]] = []
    for bullet, words in everything:
        kept = _sentences(words, room)
        shown += [(bullet, kept)] if kept else []
        room -= len(kept)
        if kept != words:
            break
    # A first sentence may be longer than all there is room for.
    return (shown, False) if shown else (everything, True)


def _sentences(words: str, room: int) -> str:
    """The first sentences that together have at most `room` characters."""
    kept = ""
    for found in _SENTENCE.finditer(words + " "):
        if found.start() > room:
            break
        kept = words[: found.start()]
    return words if len(words) <= room else kept


def too_many(part: Part) -> bool:
    """Whether a part has more rows, bars or spans than a slide may show."""
    match part:
        case Rows():
            return len(part.rows) > part.most
        case Bars():
            return len(part.chart.bars) > MOST_BARS
        case Spans():
            return len(part.timeline.spans) > MOST_SPANS
        case Goals():
            return len(part.chart.goals) > MOST_GOALS
        case _:
            return False


def notes_of(part: Part, say: Translation) -> list[str]:
    """What the speaker notes say about a part: captions, sources, texts the slide only begins."""
    match part:
        case Tiles():
            return [tile.full for tile in part.tiles if tile.full]
        case Rows() | Bars() | Goals() | Spans() | Month():
            return _framed_notes(part, say)
        case Pair():
            return [*notes_of(part.left, say), *notes_of(part.right, say)]
        case Text():
            return []


def _framed_notes(part: Framed, say: Translation) -> list[str]:
    # Whole, also where the slide's title says it.
    notes = [caption] if (caption := replace(part, captioned=True).caption) else []
    if part.source:
        notes.append(say.text("Source: {source}", source=part.source))
    if isinstance(part, Month):
        cells = (cell for week in part.grid.weeks for cell in week)
        notes += [" · ".join(texts(entry)) for cell in cells for entry in cell.entries]
    return notes


def cut_text(part: Part, head: Part, tail: Part | None) -> list[str]:
    """What a split cut in two: those paragraphs, cells and tiles whole, for the notes."""
    match part, head, tail:
        case Text(), Text(), Text():
            kept = {*head.paras, *tail.paras}
            return [para.text for para in part.paras if para not in kept]
        case Tiles(), Tiles(), Tiles():
            kept = {*head.tiles, *tail.tiles}
            cut = [tile for tile in part.tiles if tile not in kept]
            return [para.text for tile in cut for para in tile.paras]
        case Rows(), Rows(), Rows():
            kept = {*head.rows, *tail.rows}
            return [cell for row in part.rows if row not in kept for cell in row]
        case _:
            return []
