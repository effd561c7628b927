"""The four scenarios, the same for every contestant."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.safety import schedule
from benchmarks.safety.campaign import edit_notice
from benchmarks.safety.line_up import Contestant
from benchmarks.safety.schedule import Sizes
from benchmarks.safety.scoring import Score, score
from benchmarks.safety.stage import Errand, Stage

_QUIET_SECONDS = 1.0


@dataclass(frozen=True)
class Setting:
    """Where and how large: what all scenarios of a contestant share."""

    contestant: Contestant
    sizes: Sizes
    folder: Path
    environment: Mapping[str, str]
    run_seconds: float


@dataclass(frozen=True)
class Outcome:
    """What became of one scenario. notes: what didn't go as it should have."""

    score: Score
    deliveries: int
    seconds: float
    runs: int
    kills: int
    notes: list[str]


def crashes(setting: Setting) -> Outcome:
    """One sender, killed at every step and restarted at once."""
    size = setting.sizes.crashes
    stage = _stage(setting, "crashes", size, kills=schedule.kills(size, setting.sizes.kills))
    return _play(stage, stage.send)


def answers(setting: Setting) -> Outcome:
    """One sender, and a relay that loses answers, defers and refuses."""
    size = setting.sizes.answers
    stage = _stage(setting, "answers", size, fault_of=schedule.fault_of)
    return _play(stage, stage.send)


def triggers(setting: Setting) -> Outcome:
    """The job is started twice at once, and once again after it is done."""
    stage = _stage(setting, "triggers", setting.sizes.triggers)

    return _play(stage, lambda: stage.send(senders=2), stage.send)


def consent(setting: Setting) -> Outcome:
    """Opt-outs and an edit after queueing, a stop in the middle, more opt-outs after it went on."""
    size = setting.sizes.consent
    stage = _stage(setting, "consent", size)

    def opt_out() -> None:
        stage.opt_out(schedule.opted_out_meanwhile(size))

    def middle() -> None:
        stage.opt_out(schedule.opted_out_before(size))
        edit_notice(stage.folder)
        stage.say("edit")
        stage.send(errands=[Errand(int(size * schedule.STOP_AT), stage.stop_sending)])
        if stage.has_pause:
            stage.send()  # somebody's schedule fires while it is stopped
        time.sleep(_QUIET_SECONDS)
        stage.resume_sending()
        stage.send(errands=[Errand(int(size * schedule.OPT_OUT_AT), opt_out)])

    return _play(stage, middle)


SCENARIOS: Mapping[str, Callable[[Setting], Outcome]] = {
    "crashes": crashes,
    "answers": answers,
    "triggers": triggers,
    "consent": consent,
}


def _stage(setting: Setting, name: str, size: int, **faults: object) -> Stage:
    return Stage(
        setting.contestant,
        setting.folder / name,
        size,
        setting.environment,
        run_seconds=setting.run_seconds,
        **faults,
    )


def _play(
    stage: Stage, middle: Callable[[], object], after: Callable[[], object] | None = None
) -> Outcome:
    began = time.monotonic()
    with stage:
        stage.queue()
        middle()
        stage.send_until_done()
        if after:
            after()
        said = stage.report()
        result = score(stage.size, stage.witness.effects, said, stage.timeline)
    seconds = time.monotonic() - began
    kills, planned = len(stage.witness.killed), len(stage.planned_kills)
    if kills < planned:
        stage.notes.append(f"{kills} of {planned} kills: it never came to {_missed(stage)}")
    return Outcome(result, stage.size, seconds, stage.runs, kills, stage.notes)


def _missed(stage: Stage) -> str:
    return stage.planned_kills[len(stage.witness.killed)].step
