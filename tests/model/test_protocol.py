"""Shows that the send protocol does no damage in any order of events, and needs each of its rules."""

from __future__ import annotations

import os
from functools import cache

import pytest

from aicmo.execution.states import MOVES
from tests.model import explore as explorer
from tests.model.rules import NAMES, RULES, Rule
from tests.model.world import FAILED, FULL, GIVEN_UP, STOPPED, Setup, Timing

FULL_SIZE = os.environ.get("AICMO_TEST_FULL") == "1"
ENTERS = {STOPPED: {"skipped", "held", "cancelled", "expired"}, GIVEN_UP: {FAILED}}
LEAVES = {STOPPED: {"held", "cancelled", "expired"}, GIVEN_UP: set[str]()}
BY_HAND = {("held", "sent")}
"""A person has posted what no account could: no worker and no provider takes part in it."""
ABOUT_READING = {"quiet", "two-reads", "same-doubt"}
ABOUT_REPEATING = {
    "token-window", "token-margin", "token-kept", "doubt-not-stopped", "refusal-no-proof",
}  # fmt: skip


@cache
def _with_all_rules(repeat_class: str) -> explorer.Explored:
    return explorer.explore(repeat_class)


def _in_the_products_words(moves: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {
        (before, after)
        for model_before, model_after in moves
        for before in LEAVES.get(model_before, {model_before})
        for after in ENTERS.get(model_after, {model_after})
    }


@pytest.mark.parametrize("repeat_class", explorer.CLASSES)
def test_no_order_of_events_does_damage(repeat_class: str) -> None:
    found = _with_all_rules(repeat_class)

    assert not found.damages, found.traces
    assert found.states > 5000, "the explorer has stopped early"


def test_the_model_and_the_product_know_the_same_moves() -> None:
    moves = {
        move
        for each in explorer.CLASSES
        for move in _in_the_products_words(_with_all_rules(each).moves)
    }

    assert moves | BY_HAND == {(before.value, after.value) for before, after in MOVES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_is_needed(rule: Rule) -> None:
    # A stuck state shows only when everything is explored; other damage as soon as it is met.
    found = explorer.explore(
        rule.seen_in, frozenset({rule.name}), until_damage=rule.name != "sweeper"
    )

    assert found.damages, rule.prevents


def test_the_quiet_period_must_cover_the_request_and_then_the_lag() -> None:
    """Not just the longer of both: what took effect at the last moment becomes visible later."""
    bound, lag = 1, 2

    too_short = explorer.explore(
        "B", timing=Timing(bound=bound, lag=lag, quiet=max(2 * bound, lag))
    )
    enough = explorer.explore("B", timing=Timing(bound=bound, lag=lag, quiet=bound + lag))

    assert too_short.damages["duplicate"]
    assert not enough.damages


def test_the_command_prints_the_shortest_way_to_a_damage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = explorer.main(["--without", "guards-at-arm", "--class", "C", "--trace"])

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert status == 1
    assert [line[0] for line in lines if line and line[0].isdigit()] == list("12345")


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="no such rule: fense"):
        Setup("B", frozenset({"fense"}))


@pytest.mark.skipif(not FULL_SIZE, reason="takes minutes: `make safety` runs it")
@pytest.mark.parametrize("repeat_class", explorer.CLASSES)
def test_longer_clocks_do_no_damage(repeat_class: str) -> None:
    assert not explorer.explore(repeat_class, timing=FULL).damages


@pytest.mark.skipif(not FULL_SIZE, reason="takes minutes: `make safety` runs it")
@pytest.mark.parametrize("repeat_class", ["B", "C"])
@pytest.mark.parametrize("name", sorted(NAMES))
def test_only_the_rules_about_tokens_and_reading_depend_on_the_provider(
    repeat_class: str, name: str
) -> None:
    harmless = ABOUT_REPEATING | (ABOUT_READING if repeat_class == "C" else set[str]())

    found = explorer.explore(repeat_class, frozenset({name}))

    assert bool(found.damages) == (name not in harmless)
