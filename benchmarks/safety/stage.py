"""One contestant in one scenario: its folder, its relay, its processes."""

from __future__ import annotations

import json
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from benchmarks.safety.campaign import write_campaign
from benchmarks.safety.line_up import Contestant
from benchmarks.safety.schedule import (
    CLIENT_SECONDS,
    PER_SECOND_WHILE_A_PERSON_ACTS,
    SECONDS_AN_HOUR_LATER,
    Fault,
    Kill,
)
from benchmarks.safety.senders import Process, run_word
from benchmarks.safety.smtp_peer import SmtpPeer
from benchmarks.safety.witness import Witness

HAS_NONE = 3
_MOST_RUNS = 6
_BETWEEN_RUNS = 1.1  # seconds: longer than the shortest retry interval that was configured


@dataclass
class Errand:
    """Something a person does once `at` messages were begun."""

    at: int
    do: Callable[[], None]


@dataclass
class Timeline:
    """`time.monotonic()` of what a person did; `opted_out` by recipient."""

    opted_out: dict[int, float] = field(default_factory=dict)
    paused: float | None = None
    resumed: float | None = None


class Stage:
    """Runs a contestant's words against a relay with this scenario's faults."""

    def __init__(
        self,
        contestant: Contestant,
        folder: Path,
        size: int,
        environment: Mapping[str, str],
        *,
        run_seconds: float,
        kills: Iterable[Kill] = (),
        fault_of: Callable[[int], Fault | None] = lambda _: None,
    ) -> None:
        self.contestant, self.folder, self.size = contestant, folder, size
        self.timeline = Timeline()
        self.planned_kills = tuple(kills)
        self.notes: list[str] = []
        self.runs = 0
        self._environment = {**contestant.environment, **environment}
        self._run_seconds = run_seconds
        self._later = 0
        self._is_done = False
        self._sending: dict[int, Process] = {}
        self._killed: set[int] = set()
        self.witness = Witness(self.planned_kills, fault_of, self._kill)
        self.relay = SmtpPeer(self.witness)
        folder.mkdir(parents=True)
        write_campaign(folder, size)

    def __enter__(self) -> Self:
        self.relay.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        for process in self._sending.values():
            process.kill()
        self.relay.__exit__(*failure)

    def say(self, *words: str) -> int:
        """Runs one of the contestant's words but `send`; its status."""
        output = self.folder / f"{words[0]}.log"
        command = [*self.contestant.command, *words]
        status = run_word(
            command, self.folder, self._variables(0), output=output, seconds=self._run_seconds
        )
        if status not in (0, HAS_NONE):
            self.notes.append(f"{words[0]} ended with {status}")
        return status

    def queue(self) -> None:
        """Has it queue the campaign.

        Raises:
            RuntimeError: it couldn't.
        """
        if self.say("queue"):
            raise self._broken("queue")

    def report(self) -> dict[int, str]:
        """What the contestant's own store says of each delivery.

        Raises:
            RuntimeError: it said nothing that can be read; no number could be trusted.
        """
        self.say("report")
        lines = (self.folder / "report.log").read_text().splitlines()
        try:
            return {int(number): state for number, state in json.loads(lines[-1]).items()}
        except (IndexError, ValueError):
            raise self._broken("report") from None

    def _broken(self, word: str) -> RuntimeError:
        said = (self.folder / f"{word}.log").read_text()[-2000:]
        return RuntimeError(f"{self.contestant.name}: {word} failed: {said}")

    def opt_out(self, numbers: Iterable[int]) -> None:
        file = self.folder / "opt-outs.txt"
        file.write_text("\n".join(map(str, numbers)))
        self.say("opt-out", str(file))
        moment = time.monotonic()
        self.timeline.opted_out |= dict.fromkeys(map(int, file.read_text().split()), moment)

    def send(self, senders: int = 1, errands: Iterable[Errand] = ()) -> None:
        """Starts so many senders at once, restarts whatever is killed, until all have ended.

        While a person still has something to do, a sender that isn't done is started again.
        """
        waiting = deque(sorted(errands, key=lambda errand: errand.at))
        give_up = time.monotonic() + self._run_seconds
        for slot in range(senders):
            self._start(slot)
        statuses: list[int] = []
        while self._sending:
            while waiting and self.witness.begun >= waiting[0].at:
                self._run_errand(waiting.popleft())
            statuses += self._collect()
            if waiting and statuses and statuses[-1] and self.runs < _MOST_RUNS:
                statuses.pop()
                self._start(0)
            if time.monotonic() > give_up:
                self._give_up()
            time.sleep(0.01)
        for errand in waiting:  # it was quicker than any person
            errand.do()
        self._is_done = any(status == 0 for status in statuses)

    def _run_errand(self, errand: Errand) -> None:
        with self.relay.pace.slow(PER_SECOND_WHILE_A_PERSON_ACTS):
            errand.do()

    def send_until_done(self) -> None:
        """The normal command again, an hour later each time, until it says that it is done."""
        for _ in range(_MOST_RUNS):
            if self._is_done:
                return
            self._later += SECONDS_AN_HOUR_LATER
            time.sleep(_BETWEEN_RUNS)
            self.send()
        if not self._is_done:
            self.notes.append(f"not done after {_MOST_RUNS} more runs")

    def stop_sending(self) -> None:
        """A person says stop: by the contestant's own means, or else to the processes."""
        if self.say("pause") == HAS_NONE:
            self.notes.append("has no pause: SIGTERM to its processes, SIGKILL after 10 s")
            for process in self._sending.values():
                process.signal(signal.SIGTERM)
            self.timeline.paused = time.monotonic()
            for slot in list(self._sending):
                self._sending.pop(slot).stop()
            return
        self.timeline.paused = time.monotonic()

    def resume_sending(self) -> None:
        self.timeline.resumed = time.monotonic()
        self.say("resume")

    @property
    def has_pause(self) -> bool:
        return not any(note.startswith("has no pause") for note in self.notes)

    def _start(self, slot: int) -> None:
        self.runs += 1
        command = [*self.contestant.command, "send"]
        log = self.folder / "send.log"
        self._sending[slot] = Process(command, self.folder, self._variables(slot), log)

    def _collect(self) -> list[int]:
        statuses: list[int] = []
        for slot, process in list(self._sending.items()):
            status = process.status
            if status is None:
                continue
            process.kill()  # what it may have left behind
            if slot in self._killed:
                self._killed.remove(slot)
                self._start(slot)
            else:
                statuses.append(status)
                del self._sending[slot]
        return statuses

    def _give_up(self) -> None:
        self.notes.append(f"stopped after {self._run_seconds:.0f} s")
        for process in self._sending.values():
            process.kill()

    def _kill(self, slot: int) -> None:
        process = self._sending.get(slot)
        if process is not None and not process.ended:
            self._killed.add(slot)
            process.kill()

    def _variables(self, slot: int) -> dict[str, str]:
        return {
            **self._environment,
            "SAFETY_SMTP_PORT": str(self.relay.ports[slot]),
            "SAFETY_TIMEOUT": str(CLIENT_SECONDS),
            "SAFETY_LATER": str(self._later),
        }
