"""Explores every state of the send protocol, breadth first, and counts the damage.

python -m tests.model.explore                               all rules, in every class
python -m tests.model.explore --all                         each rule taken away (ten minutes)
python -m tests.model.explore --without fence --class B     one rule taken away
python -m tests.model.explore --without fence --trace       and the shortest way to the damage
python -m tests.model.explore --rules                       the rules and what they prevent
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.model.protocol import successors
from tests.model.rules import NAMES, RULES
from tests.model.world import AT_REST, FULL, Setup, Timing, World, damage

CLASSES = ("A", "AB", "B", "C")
STUCK = "stuck"


@dataclass
class Explored:
    """What one exploration found.

    damages: states per kind of damage. moves: the delivery's moves, as (before, after).
    traces: per kind, the shortest way from the start.
    """

    states: int = 0
    damages: Counter[str] = field(default_factory=Counter[str])
    moves: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    traces: dict[str, list[tuple[str, World]]] = field(
        default_factory=dict[str, list[tuple[str, World]]]
    )


class Explorer:
    """A breadth-first search. A damaged state is a leaf: what follows it isn't counted again."""

    def __init__(self, setup: Setup, *, most_states: int = 20_000_000) -> None:
        self.setup = setup
        self.most_states = most_states
        self.worlds: list[World] = [World()]
        self.index: dict[World, int] = {self.worlds[0]: 0}
        self.came_from: list[int] = [0]
        self.followers: list[list[int]] = []
        self.found = Explored()

    def run(self, *, until_damage: bool = False) -> Explored:
        """Explores everything, or until the first damage."""
        at = 0
        while at < len(self.worlds) < self.most_states:
            kind = damage(self.worlds[at])
            if kind:
                self._count(kind, at)
                if until_damage:
                    break
            self.followers.append([] if kind else self._expand(at))
            at += 1
        if at == len(self.worlds):
            self._find_stuck()
        self.found.states = len(self.worlds)
        return self.found

    def _expand(self, at: int) -> list[int]:
        world, followers = self.worlds[at], list[int]()
        for _, after in successors(self.setup, world):
            number = self.index.setdefault(after, len(self.worlds))
            if number == len(self.worlds):
                self.worlds.append(after)
                self.came_from.append(at)
            if number != at:
                followers.append(number)
            if after.state != world.state:
                self.found.moves.add((world.state, after.state))
        return followers

    def _count(self, kind: str, at: int) -> None:
        self.found.damages[kind] += 1
        if kind not in self.found.traces:
            self.found.traces[kind] = list(self._trace(at))[::-1]

    def _trace(self, at: int) -> Iterator[tuple[str, World]]:
        while at:
            before, after = self.worlds[self.came_from[at]], self.worlds[at]
            steps = successors(self.setup, before)
            yield next(label for label, world in steps if world == after), after
            at = self.came_from[at]

    def _find_stuck(self) -> None:
        """Every state must have a way to rest; those without are stuck."""
        rests = [world.state in AT_REST or bool(damage(world)) for world in self.worlds]
        changed = True
        while changed:
            changed = False
            for at in range(len(self.worlds) - 1, -1, -1):
                if not rests[at] and any(rests[follower] for follower in self.followers[at]):
                    rests[at] = changed = True
        for at, rest in enumerate(rests):
            if not rest:
                self._count(STUCK, at)


def explore(
    repeat_class: str,
    without: frozenset[str] = frozenset(),
    timing: Timing | None = None,
    *,
    until_damage: bool = False,
) -> Explored:
    """Explores one class of provider with some rules taken away."""
    return Explorer(Setup(repeat_class, without, timing)).run(until_damage=until_damage)


def _cell(found: Explored) -> str:
    damages = ", ".join(f"{count:,} {kind}" for kind, count in found.damages.most_common())
    return f"{damages or '0'} of {found.states:,}"


def _print(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _print_rules() -> None:
    for rule in RULES:
        _print(f"{rule.name}\n    {rule.says}\n    Without it: {rule.prevents}")


def _print_table(timing: Timing) -> None:
    _print(
        "| rule taken away | class A | class AB | class B | class C |\n| --- | --- | --- | --- | --- |"
    )
    for name in ("none", *(rule.name for rule in RULES)):
        without = frozenset({name}) & NAMES
        cells = [_cell(explore(each, without, timing)) for each in CLASSES]
        _print(f"| {name} | {' | '.join(cells)} |")


def _print_one(
    classes: tuple[str, ...], without: frozenset[str], timing: Timing, *, trace: bool
) -> bool:
    harmed = False
    for each in classes:
        began = time.monotonic()
        found = explore(each, without, timing)
        _print(f"class {each}: {_cell(found)} states ({time.monotonic() - began:.1f} s)")
        harmed = harmed or bool(found.damages)
        for kind, steps in found.traces.items() if trace else ():
            _print(f"\n  {kind}:")
            for number, (label, world) in enumerate(steps, start=1):
                _print(f"  {number:3} {label:66} {world.state}, effects {world.effects}")
            _print()
    return harmed


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Explores the send protocol exhaustively.")
    parser.add_argument("--without", action="append", default=[], choices=sorted(NAMES))
    parser.add_argument("--class", dest="classes", choices=CLASSES, help="one class only")
    parser.add_argument("--all", action="store_true", help="the table of all rules and classes")
    parser.add_argument("--rules", action="store_true", help="print the rules")
    parser.add_argument("--trace", action="store_true", help="print the shortest way to a damage")
    parser.add_argument("--full", action="store_true", help="longer clocks; takes minutes")
    for name in ("lag", "quiet"):
        parser.add_argument(f"--{name}", type=int, help="ticks")
    chosen = parser.parse_args(arguments)
    timing = FULL if chosen.full else Timing()
    own = {name: getattr(chosen, name) for name in ("lag", "quiet")}
    timing = replace(timing, **{name: ticks for name, ticks in own.items() if ticks is not None})
    if chosen.rules:
        _print_rules()
        return 0
    if chosen.all:
        _print_table(timing)
        return 0
    classes = (chosen.classes,) if chosen.classes else CLASSES
    return int(_print_one(classes, frozenset(chosen.without), timing, trace=chosen.trace))


if __name__ == "__main__":
    sys.exit(main())
