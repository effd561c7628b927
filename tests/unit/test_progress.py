"""Progress tells what became of a run's deliveries, how fast it is and how long it still takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from aicmo.cli import progress as shown
from aicmo.database import Database
from aicmo.execution.progress import Progress, Snapshot, count_due, duration
from aicmo.execution.states import State
from tests import projects


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def settle(progress: Progress, *states: State) -> None:
    for state in states:
        progress(state)


def test_one_line_says_it_all() -> None:
    clock = Clock()
    progress = Progress(10_000, clock=clock)
    clock.now = 10
    settle(progress, *[State.SENT] * 811, *[State.FAILED] * 3, *[State.HELD] * 36)

    said = progress.snapshot().line

    assert said == "850 of 10,000 · 85/s · 1 min 48 s left · 811 sent, 3 failed, 36 held"


def test_every_outcome_has_its_word_and_only_those_that_occurred() -> None:
    progress = Progress(clock=Clock())
    settle(progress, State.UNKNOWN, State.PENDING, State.PENDING, State.EXPIRED)

    assert progress.snapshot().line == "4 · 1 unknown, 1 expired, 2 waiting again"


def test_speed_is_that_of_late_not_of_the_whole_run() -> None:
    clock = Clock()
    progress = Progress(1_000, clock=clock)
    for second in range(1, 301):
        clock.now = second
        progress(State.SENT)
    for second in range(301, 401):
        clock.now = second
        settle(progress, *[State.SENT] * 4)

    now = progress.snapshot()

    assert now.per_second == pytest.approx(4, rel=0.05)
    assert now.seconds_left == pytest.approx(75, rel=0.05)


def test_a_run_that_gets_no_answers_slows_down() -> None:
    clock = Clock()
    progress = Progress(1_000, clock=clock)
    clock.now = 10
    settle(progress, *[State.SENT] * 100)
    clock.now = 100

    assert progress.snapshot().pace == "100 of 1,000 · 1.0/s · 15 min 0 s left"


def test_slow_batches_are_measured_over_several_of_them() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    for batch in range(1, 9):
        clock.now = 100.0 * batch
        settle(progress, *[State.SENT] * 100)

    assert progress.snapshot().per_second == pytest.approx(1)
    clock.now = 890
    assert progress.snapshot().per_second == pytest.approx(1, abs=0.3)


def test_parts_of_one_work_count_on() -> None:
    first = Progress(300, clock=Clock())
    settle(first, *[State.SENT] * 100)

    second = Progress(300, before=first.snapshot(), clock=Clock())
    settle(second, *[State.SENT] * 50)

    assert second.snapshot().line == "150 of 300 · 150 sent"
    assert second.snapshot().percent == 50


def test_what_is_tried_again_never_makes_more_than_all() -> None:
    progress = Progress(2, clock=Clock())
    settle(progress, State.PENDING, State.SENT, State.SENT)

    assert (progress.snapshot().percent, progress.snapshot().pace) == (100, "3 of 3")


def test_the_end_is_the_end_whatever_was_stopped_on_the_way() -> None:
    clock = Clock()
    progress = Progress(100, clock=clock)
    clock.now = 10
    settle(progress, *[State.SENT] * 90)

    progress.finish()

    assert progress.snapshot().percent == 100
    assert progress.snapshot().line == "90 of 90 · 9.0/s · 90 sent"


def test_nothing_is_said_before_anything_is_done() -> None:
    assert Progress().snapshot().line == ""
    assert Progress(10_000).snapshot().line == "0 of 10,000"
    assert Snapshot(0, None, {}).percent == 0


def test_only_what_would_go_out_counts_as_due(database: Database) -> None:
    projects.imported(database, projects.email(), projects.email("mail-2", projects.TOMORROW))
    projects.approved(database)

    with database.read() as session:
        all_of_it = count_due(session, "studio", ["email"], now=projects.NOW)
        at_most_two = count_due(session, "studio", ["email"], now=projects.NOW, limit=2)
        elsewhere = count_due(session, "studio", ["linkedin"], now=projects.NOW)

    assert (all_of_it, at_most_two, elsewhere) == (3, 2, 0)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (103, "1 min 43 s"), (7_500, "2 h 5 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def wait_for(said: Callable[[], str], words: str) -> str:
    deadline, seen = time.monotonic() + 20, ""
    while words not in seen:
        assert time.monotonic() < deadline, seen
        seen += said()
        time.sleep(0.01)
    return seen


def test_a_log_gets_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "LOG_EVERY_SECONDS", 0.02)

    with shown.progress("Sending", total=3) as advance:
        settle(advance, State.SENT, State.FAILED)
        said = wait_for(lambda: capsys.readouterr().err, "\n")

    assert said.splitlines()[0] == "Sending: 2 of 3 · 1 sent, 1 failed"


def test_short_work_leaves_no_line_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with shown.progress("Sending", total=3) as advance:
        settle(advance, State.SENT)

    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_that_fits_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80, legacy_windows=False)
    monkeypatch.setattr(shown, "to_stderr", lambda: terminal)

    with shown.progress("Sending", total=10_000) as advance:
        settle(advance, *[State.SENT] * 1_200, *[State.HELD] * 40)
        drawn = wait_for(screen.getvalue, "1,200 sent, 40 held")

    assert "1,240 of 10,000" in drawn
    assert screen.getvalue().endswith("\x1b[2K"), "the last thing is an erased line"
