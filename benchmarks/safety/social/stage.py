"""One sender of posts with its plans: a loopback network for each, and a process that gets killed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.safety.senders import Process
from benchmarks.safety.social import schedule
from benchmarks.safety.social.networks import NETWORKS
from benchmarks.safety.social.plans import Plan, PlanFolder, begins
from benchmarks.safety.social.schedule import PostSizes
from tests.peers.http_exchange import Request, Stage
from tests.peers.social_peer import SocialPeer

_LONGEST_SECONDS = 1_200.0


@dataclass(frozen=True)
class Played:
    """What became of a plan: the network's own posts, and what the sender says of them.

    misshapen: requests that weren't as the network documents them; there should be none.
    """

    plan: Plan
    texts: list[str]
    said: dict[int, str]
    was_killed: bool
    misshapen: list[str]


class _Account:
    """A plan's account at its network, and the kill that is planned for it."""

    def __init__(self, sender: PostSender, network: str, place: int, sizes: PostSizes) -> None:
        self._sender = sender
        self._kill, self.was_killed = schedule.kill_of(place, sizes), False
        about = NETWORKS[network]
        self.peer: SocialPeer = about.peer(
            faults=schedule.faults_of(place, sizes.posts),
            other_faults={about.reads: schedule.unreadable()},
            visible_after=schedule.LAG,
            clock=lambda: sender.folder.clock().timestamp(),
            watch=self._watch,
            identity=about.identity.format(2_400_000 + place),
        )
        self._plan = Plan(
            f"{network}-{place:03}", network, sizes.posts, begins(place).isoformat(),
            self.peer.base_url, self.peer.identity,
        )  # fmt: skip
        sender.folder.write(self._plan)

    def _watch(self, stage: Stage, _: Request) -> None:
        if not self.was_killed and (len(self.peer.begun), stage) == self._kill:
            self.was_killed = True
            self._sender.kill()

    def played(self) -> Played:
        self.peer.wait_until_idle()
        texts = [post.text for post in self.peer.posts]
        said = self._sender.folder.said(self._plan)
        return Played(self._plan, texts, said, self.was_killed, self.peer.misshapen)


class PostSender:
    """A contestant: `python -m module`, started in a folder of plans until all are done."""

    def __init__(self, module: str, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = PlanFolder(folder)
        self._command = (sys.executable, "-m", module)
        self._process: Process | None = None

    def play(self, networks: Iterable[str], sizes: PostSizes) -> list[Played]:
        """All plans of these networks.

        Raises:
            RuntimeError: the contestant failed, or never came to an end.
        """
        with ExitStack() as stack:
            accounts = [
                _Account(self, network, place, sizes)
                for at, network in enumerate(networks)
                for place in range(at, at + sizes.plans)
            ]
            for account in accounts:
                stack.enter_context(account.peer)
            self._run()
            return [account.played() for account in accounts]

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _run(self) -> None:
        """Again after every kill, which is how it ends then."""
        log, give_up = self.folder.path / "send.log", time.monotonic() + _LONGEST_SECONDS
        while (status := self._once(log, give_up)) != 0:
            if status is None or status > 0:
                raise RuntimeError(f"{self._command[-1]} failed: {log.read_text()[-2000:]}")

    def _once(self, log: Path, give_up: float) -> int | None:
        process = self._process = Process(self._command, self.folder.path, {}, log)
        try:
            process.wait(max(0.0, give_up - time.monotonic()))
            return process.status
        finally:
            process.kill()
