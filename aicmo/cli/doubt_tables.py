"""Doubts as a person reads them: a few with all their evidence, many as a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.cli.console import count, grid, plain
from aicmo.cli.number_ranges import ranges

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console
    from rich.text import Text

    from aicmo.execution.doubts import Doubt
    from aicmo.execution.evidence import Answer, Transmission

_IN_FULL = 10
_RANGES = 12
_READINGS = 3
_CHOICES = (
    ("--is-there", "It went out: it counts as sent."),
    ("--is-not-there", "It did not: it waits again. If it did go out, it goes out twice."),
    ("--give-up", "Nobody can tell: it counts as failed and is never sent again."),
)


def show_doubts(
    console: Console, project: str, doubts: Sequence[Doubt], *, in_full: bool = False
) -> None:
    """What is in doubt, and the next commands.

    in_full: all the evidence of each, however many there are.
    """
    if not doubts:
        console.print("Nothing is in doubt.")
        return
    one = len(doubts) == 1
    told = f"{count(len(doubts), 'delivery')} in doubt"
    why = f"{'it' if one else 'each'} may have gone out, so it isn't simply sent again."
    console.print(plain(f"{told}: ", "bold magenta").append(why, "not bold default"))
    console.print()
    if in_full or len(doubts) <= _IN_FULL:
        _show_evidence(console, doubts)
    else:
        _show_summary(console, project, doubts)
    _show_next(console, project, doubts)


def _show_evidence(console: Console, doubts: Sequence[Doubt]) -> None:
    table = grid(["No.", "Delivery and evidence (times are UTC)"], right=(0,))
    for each in doubts:
        table.add_row(str(each.delivery_id), _evidence(each))
    console.print(table)


def _evidence(doubt: Doubt) -> Text:
    to = f" to {doubt.recipient}" if doubt.recipient else ""
    text = plain(f"{doubt.item}, {doubt.channel}{to}", "bold")
    known = f"<{doubt.token}@…>" if doubt.channel == "email" else doubt.token
    name = "Message-ID" if doubt.channel == "email" else "token"
    lines = [
        f"In doubt since {_minute(doubt.since)}: {_why(doubt)}",
        *(_transmission(each) for each in doubt.attempts),
        *(_answer(each) for each in doubt.readings[-_READINGS:]),
        f"The provider knows it by its {name} {known}",
    ]
    for line in lines:
        text.append("\n").append_text(plain(line))
    return text


def _why(doubt: Doubt) -> str:
    reason = doubt.reason or "no answer"
    if doubt.standing == "unrecorded":
        return f"{reason}; not recorded yet"
    if doubt.standing == "repeats":
        return f"{reason}; the next live run repeats it safely"
    return reason


def _transmission(each: Transmission) -> str:
    ended = f" to {each.ended_at:%H:%M:%S}" if each.ended_at else ", its end wasn't recorded"
    said = ", ".join(part for part in (each.outcome, each.code, each.detail, each.ref) if part)
    told = f": {said}" if said else ""
    return (
        f"Attempt {each.number} through {each.gateway}, {each.armed_at:%Y-%m-%d %H:%M:%S}{ended}, "
        f"run {each.run_id} by {each.started_by}{told}"
    )


def _answer(each: Answer) -> str:
    said = ", ".join(part for part in (_found(each), each.ref, each.detail) if part)
    return f"The provider, asked {_minute(each.read_at)}: {said}"


def _found(each: Answer) -> str:
    return each.found.replace("_", " ")


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _show_summary(console: Console, project: str, doubts: Sequence[Doubt]) -> None:
    alike: dict[tuple[str, str, str], list[Doubt]] = {}
    for each in doubts:
        answer = _last_answer(each)
        alike.setdefault((each.item, _why(each), answer), []).append(each)
    table = grid(["Item", "Doubts", "Since (UTC)", "Why, and their numbers"], right=(1,))
    for (item, why, answer), those in alike.items():
        since = min(each.since for each in those)
        numbers = _numbers([each.delivery_id for each in those])
        told = plain(f"{why} ({answer})").append_text(plain(f"\n{numbers}", "dim"))
        table.add_row(plain(item), f"{len(those):,}", _minute(since), told)
    console.print(table)
    first = doubts[0].delivery_id
    line = f"\n`aicmo doubts {project} {first}` shows all that is known about number {first}."
    console.print(plain(line), soft_wrap=True)


def _last_answer(doubt: Doubt) -> str:
    if not doubt.readings:
        return "no provider was asked"
    return f"the provider: {_found(doubt.readings[-1])}"


def _numbers(ids: Sequence[int]) -> str:
    found = ranges(ids)
    more = f" and {len(found) - _RANGES:,} more (see --json)" if len(found) > _RANGES else ""
    return " ".join(found[:_RANGES]) + more


def _show_next(console: Console, project: str, doubts: Sequence[Doubt]) -> None:
    def say(line: str) -> None:
        console.print(plain(line), soft_wrap=True)

    say(f"\nNext: `aicmo reconcile {project}` asks the providers that can tell, and sends nothing.")
    undecided = [each.delivery_id for each in doubts if each.standing == "open"]
    if not undecided:
        return
    say("What they can't tell is decided by you, from the provider's log or the recipient:")
    for option, meaning in _CHOICES:
        say(f"  {meaning}")
        say(f"    aicmo doubts {project} {undecided[0]} {option} --reason 'HOW YOU KNOW'")
    if len(undecided) > 1:
        say(f"Several at once: `{' '.join(ranges(undecided)[:2])}` instead of `{undecided[0]}`.")
