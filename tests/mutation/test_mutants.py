"""The list of guards and rules is whole and fits the source; some are taken away for real.

`AICMO_TEST_FULL=1` takes every one away; `python -m tests.mutation.remove_rules` prints the table.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator

import pytest

from aicmo.execution.states import MOVES
from tests.model import rules
from tests.mutation.mutant import ROOT, Mutant
from tests.mutation.mutants import BY_NAME, MUTANTS
from tests.mutation.remove_rules import judge_all

FULL = bool(os.environ.get("AICMO_TEST_FULL"))
QUICK = (
    "key: environment",
    "smtp: deadline directly before the dot",
    "guard: unsubscribed",
    "arm: fence",
    "settle: a refusal after a doubt proves nothing",
)
GUARDS = "aicmo/execution/guards.py"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_to_be_taken_away_is_there_once(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text()
    without = mutant.applied_to(source)
    assert without != source
    compile(without, mutant.file, "exec")
    assert mutant.tests
    assert not mutant.behind or (mutant.behind in BY_NAME and mutant.because)


def test_every_name_is_there_once() -> None:
    assert len(BY_NAME) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_tests_that_miss_it_are_there(mutant: Mutant) -> None:
    for test in mutant.tests:
        file, _, name = test.partition("::")
        function = name.rpartition("::")[2].partition("[")[0]
        # What a class of tests inherits stands in the contract.
        texts = [(ROOT / "tests" / file).read_text()]
        if "::Test" in test:
            contracts = (ROOT / "tests/contract").glob("*_contract.py")
            texts += [contract.read_text() for contract in contracts]
        assert not function or any(f"def {function}(" in text for text in texts), test


def test_every_guard_can_be_taken_away() -> None:
    spans = [mutant.span() for mutant in MUTANTS if mutant.file == GUARDS]
    branches = list(branches_of((ROOT / GUARDS).read_text()))
    assert len(branches) >= 19
    missing = [text for where, text in branches if not any(overlap(where, each) for each in spans)]
    assert missing == []


def branches_of(source: str) -> Iterator[tuple[range, str]]:
    """The place and text of each pair of a condition and what is said then."""
    starts = [0, *(found.end() for found in re.finditer("\n", source))]
    for pair in ast.walk(ast.parse(source)):
        if isinstance(pair, ast.Tuple) and re.match(
            r"_say\(|literal\(f", ast.unparse(pair.elts[-1])
        ):
            assert pair.end_lineno is not None
            assert pair.end_col_offset is not None
            start = starts[pair.lineno - 1] + pair.col_offset
            end = starts[pair.end_lineno - 1] + pair.end_col_offset
            yield range(start, end), source[start:end]


def overlap(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def test_every_move_can_be_taken_away() -> None:
    moves = {f"move: {before} to {after}" for before, after in MOVES}
    assert moves <= set(BY_NAME)


def test_every_rule_of_the_model_can_be_taken_away_from_the_product() -> None:
    named = {mutant.rule for mutant in MUTANTS} - {""}
    assert named == rules.NAMES


def test_taken_away_each_is_missed_by_a_test() -> None:
    chosen = MUTANTS if FULL else [BY_NAME[name] for name in QUICK]
    assert [verdict for verdict in judge_all(chosen) if verdict.problem] == []
