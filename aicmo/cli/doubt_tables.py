"""Doubts as a person reads them: a few with all their evidence, many as a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.cli.accounts_tables import NETWORK_NAMES
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
_NOT_THERE = "--is-not-there"
_CHOICES = (
    ("--is-there", "It went out: it counts as sent."),
    (_NOT_THERE, "It did not: it waits again. If it did go out, it goes out twice."),
    ("--give-up", "Nobody can tell: it counts as failed and is never sent again."),
)


def without_doubts(project: str, held: int, until: datetime | None = None) -> str:
    """What is said where no doubt is recorded.

    held: deliveries that a run holds, or held when it stopped.
    until: from then on they can be recorded; None: at once, or not known.
    """
    if not held:
        return "Nothing is in doubt."
    are = "is" if held == 1 else "are"
    later = f" from {until:%H:%M:%S} UTC on" if until else ""
    return (
        f"Nothing is recorded as in doubt; {count(held, 'delivery')} {are} with a run: if it has "
        f"stopped, `aicmo reconcile {project}` records what it left{later}."
    )


def show_doubts(
    console: Console,
    project: str,
    doubts: Sequence[Doubt],
    at: datetime,
    *,
    in_full: bool = False,
) -> None:
    """What is in doubt, and the next commands.

    doubts: one at least.
    at: now.
    in_full: all the evidence of each, however many there are.
    """
    one = len(doubts) == 1
    told = f"{count(len(doubts), 'delivery')} in doubt"
    why = f"{'it' if one else 'each'} may have gone out, so it isn't simply sent again."
    console.print(plain(f"{told}: ", "bold magenta").append(why, "not bold default"))
    console.print()
    if in_full or len(doubts) <= _IN_FULL:
        _show_evidence(console, doubts, at)
    else:
        _show_summary(console, project, doubts, at)
    _show_next(console, project, doubts, at)


def _show_evidence(console: Console, doubts: Sequence[Doubt], at: datetime) -> None:
    table = grid(["No.", "Delivery and evidence (times are UTC)"], right=(0,))
    for each in doubts:
        table.add_row(str(each.delivery_id), _evidence(each, at))
    console.print(table)


def _evidence(doubt: Doubt, at: datetime) -> Text:
    to = f" to {doubt.recipient}" if doubt.recipient else ""
    heading = plain(f"{doubt.item}, {doubt.channel}{to}", "bold")
    lines = [
        f"In doubt since {_minute(doubt.since)}: {_why(doubt)}",
        *(_transmission(each) for each in doubt.attempts),
        *(_answer(each) for each in doubt.readings[-_READINGS:]),
        _where_to_look(doubt),
    ]
    if early := _too_early([doubt], at):
        lines.append(f"--is-not-there is accepted {early}: until then it may still arrive")
    # Joined, since what is appended to a bold text would be bold as well.
    return plain("\n").join([heading, *map(plain, lines)])


def _where_to_look(doubt: Doubt) -> str:
    if doubt.channel == "email":
        return f"The provider knows it by its Message-ID <{doubt.token}@…>"
    if network := NETWORK_NAMES.get(doubt.channel):
        since = f"{doubt.began_at:%H:%M}"
        return f"Look at what the account on {network} has posted since {since}: “{doubt.title}”"
    return f"The provider knows it by its token {doubt.token}"


def _too_early(doubts: Sequence[Doubt], at: datetime) -> str:
    """From when on a person can say of all of them that they aren't there; '' for now."""
    fresh = [each.sure_from for each in doubts if each.standing == "open" and at < each.sure_from]
    return f"from {max(fresh):%H:%M} UTC" if fresh else ""


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


def _show_summary(console: Console, project: str, doubts: Sequence[Doubt], at: datetime) -> None:
    alike: dict[tuple[str, str, str], list[Doubt]] = {}
    for each in doubts:
        answer = _last_answer(each)
        alike.setdefault((each.item, _why(each), answer), []).append(each)
    table = grid(["Item", "Doubts", "Since (UTC)", "Why, and their numbers"], right=(1,))
    for (item, why, answer), those in alike.items():
        since = min(each.since for each in those)
        numbers = _numbers([each.delivery_id for each in those])
        early = _too_early(those, at)
        not_yet = f"; --is-not-there {early}" if early else ""
        told = plain(f"{why} ({answer}){not_yet}").append_text(plain(f"\n{numbers}", "dim"))
        table.add_row(plain(item), f"{len(those):,}", _minute(since), told)
    console.print(table)
    first = doubts[0].delivery_id
    line = f"\n`aicmo doubts {project} {first}` shows all that is known about number {first}."
    console.print(plain(line))


def _last_answer(doubt: Doubt) -> str:
    if not doubt.readings:
        return "no provider was asked"
    return f"the provider: {_found(doubt.readings[-1])}"


def _numbers(ids: Sequence[int]) -> str:
    found = ranges(ids)
    more = f" and {len(found) - _RANGES:,} more (see --json)" if len(found) > _RANGES else ""
    return " ".join(found[:_RANGES]) + more


def _show_next(console: Console, project: str, doubts: Sequence[Doubt], at: datetime) -> None:
    def say(line: str) -> None:
        console.print(plain(line))

    say(f"\nNext: `aicmo reconcile {project}` asks the providers that can tell, and sends nothing.")
    undecided = [each for each in doubts if each.standing == "open"]
    if not undecided:
        return
    first = undecided[0].delivery_id
    early = _too_early(undecided[:1], at)
    posted = undecided[0].channel in NETWORK_NAMES
    look_at = "the account's page" if posted else "the provider's log or the recipient"
    say(f"What they can't tell is decided by you, from {look_at}:")
    for option, meaning in _CHOICES:
        say(f"  {meaning}")
        if early and option == _NOT_THERE:
            say(f"  Accepted {early}:")
        found = " --reference https://…" if posted and option == "--is-there" else ""
        command = f"    aicmo doubts {project} {first} {option}{found} --reason 'HOW YOU KNOW'"
        # Whole, to be copied.
        console.print(plain(command), soft_wrap=True)
    if len(undecided) > 1:
        several = " ".join(ranges(each.delivery_id for each in undecided)[:2])
        say(f"Several at once: `{several}` instead of `{first}`.")
