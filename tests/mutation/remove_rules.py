"""Takes each guard and rule out of a copy of the product, and shows which test misses it.

    python -m tests.mutation.remove_rules [--only NAME]… [--quick] [--json]

`--only` takes a part of a name; `--quick` leaves out what needs PostgreSQL. Exit status 1 if a rule
can be taken away unnoticed, or its entry in the list doesn't fit the source any more.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from queue import SimpleQueue

from tests.mutation.mutant import Mutant
from tests.mutation.mutants import BY_NAME, MUTANTS
from tests.mutation.scratch_copy import Ran, ScratchCopy, scratch_copy

PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant.

    caught_by: the first test that failed; '' if none did.
    problem: why it counts against the tests or the list; '' if it doesn't.
    """

    rule: str
    prevents: str
    caught_by: str
    problem: str = ""


def judge(copy: ScratchCopy, mutant: Mutant) -> Verdict:
    """Takes the rule away; one that another stands behind first alone, then with that one."""
    alone = _try(copy, mutant, mutant)
    if not mutant.behind or alone.trouble:
        problem = alone.trouble or ("" if alone.failed else "SURVIVED")
        return Verdict(mutant.name, mutant.prevents, alone.failed, problem)
    if alone.failed:
        problem = f"missed already alone: {mutant.behind} doesn't stand behind it"
        return Verdict(mutant.name, mutant.prevents, alone.failed, problem)
    both = _try(copy, mutant, mutant, BY_NAME[mutant.behind])
    problem = both.trouble or ("" if both.failed else f"SURVIVED, also without {mutant.behind}")
    told = f"{both.failed} (without {mutant.behind}, too)" if both.failed else ""
    return Verdict(mutant.name, mutant.prevents, told, problem)


def _try(copy: ScratchCopy, asked: Mutant, *removed: Mutant) -> Ran:
    """The tests of the rule that is asked about, without these rules."""
    try:
        with copy.without(*removed):
            return copy.run(asked.tests, on_postgresql=asked.on_postgresql, may_hang=asked.hangs)
    except ValueError as error:
        return Ran(trouble=str(error))


def judge_all(mutants: Sequence[Mutant]) -> Iterator[Verdict]:
    """Each mutant's verdict, in order; and that the tests which catch them pass without them."""
    with ExitStack() as stack:
        free: SimpleQueue[ScratchCopy] = SimpleQueue()
        for _ in range(min(PROCESSES, len(mutants))):
            free.put(stack.enter_context(scratch_copy()))

        def judge_in_a_copy(mutant: Mutant) -> Verdict:
            copy = free.get()
            try:
                return judge(copy, mutant)
            finally:
                free.put(copy)

        pool = stack.enter_context(ThreadPoolExecutor(PROCESSES))
        verdicts: list[Verdict] = []
        for verdict in pool.map(judge_in_a_copy, mutants):
            verdicts.append(verdict)
            yield verdict
        yield from _fail_anyway(free.get(), verdicts)


def _fail_anyway(copy: ScratchCopy, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """A test that fails without any mutant has caught nothing."""
    caught = {each.caught_by.partition(" (")[0].partition(": ")[0] for each in verdicts}
    tests = sorted(filter(None, caught))
    if tests and (ran := copy.run(tests, on_postgresql=True)) != Ran():
        yield Verdict("(none)", "", ran.failed, ran.trouble or "it fails without any mutant")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.remove_rules")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    chosen = [
        each for each in MUTANTS
        if (not options.only or any(part in each.name for part in options.only))
        and not (options.quick and each.on_postgresql)
    ]  # fmt: skip
    verdicts: list[Verdict] = []
    for verdict in judge_all(chosen):
        verdicts.append(verdict)
        if not options.json:
            _say(_line(verdict))
    problems = sum(1 for each in verdicts if each.problem)
    if options.json:
        _say(json.dumps([asdict(each) for each in verdicts], indent=2))
    else:
        _say(f"{len(chosen)} rules taken away, {problems} problems")
    return 1 if problems or not chosen else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _line(verdict: Verdict) -> str:
    told = ": ".join(filter(None, (verdict.problem, verdict.caught_by)))
    return f"| {verdict.rule} | {verdict.prevents} | {' '.join(told.split())} |"


if __name__ == "__main__":
    sys.exit(main())
