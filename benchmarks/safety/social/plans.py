"""What the networks' side and a sender's side share: a folder with the plans, the time, and what was said.

`NAME.plan` says which network, which account and how many posts; `NAME.said` is what the sender's own
store says of each post at the end; `clock` is the time, which the sender sets on and the networks read.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.safety.social.schedule import APART, BEGINS


@dataclass(frozen=True)
class Plan:
    """A client's posts on one network, the first due at `begins` (ISO 8601).

    network: its name in `NETWORKS`. base_url, identity: of the account there.
    """

    name: str
    network: str
    posts: int
    begins: str
    base_url: str
    identity: str

    @property
    def numbers(self) -> range:
        return range(1, self.posts + 1)

    def due_at(self, number: int) -> datetime:
        return datetime.fromisoformat(self.begins) + (number - 1) * APART

    def text(self, number: int) -> str:
        """The post's text, which no other one of the account has."""
        return f"Post {number} of {self.name}: class {number} has a new hour, and tea for all."


class PlanFolder:
    """The folder; by default the one that the process works in."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path.cwd()

    def write(self, plan: Plan) -> None:
        self._write(f"{plan.name}.plan", json.dumps(asdict(plan)))

    def left(self) -> list[Plan]:
        """The plans of which nothing was said yet, in the order in which they begin."""
        plans = [Plan(**json.loads(file.read_text())) for file in self.path.glob("*.plan")]
        left = [each for each in plans if not (self.path / f"{each.name}.said").exists()]
        return sorted(left, key=lambda each: (each.begins, each.name))

    def say(self, plan: Plan, said: dict[int, str]) -> None:
        self._write(f"{plan.name}.said", json.dumps(said))

    def said(self, plan: Plan) -> dict[int, str]:
        """By number of the post: sent, failed, doubt, skipped or open."""
        said = json.loads((self.path / f"{plan.name}.said").read_text())
        return {int(number): state for number, state in said.items()}

    def clock(self) -> datetime:
        """The time that was set, and what has passed since then."""
        file = self.path / "clock"
        if not file.exists():
            return BEGINS
        passed = timedelta(seconds=max(0.0, time.time() - file.stat().st_mtime))
        return datetime.fromisoformat(file.read_text()) + passed

    def set_clock(self, at: datetime) -> None:
        self._write("clock", at.astimezone(UTC).isoformat())

    def _write(self, name: str, text: str) -> None:
        new = self.path / f"{name}.new"
        new.write_text(text)
        new.replace(self.path / name)


def begins(place: int) -> datetime:
    """When a plan's day begins; a network's daily limit may put it off to the next."""
    return BEGINS + place * timedelta(days=3)
