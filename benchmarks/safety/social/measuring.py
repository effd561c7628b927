"""Posts on every network, by AICMO and by a plain client: duplicates, losses, false failures, doubts."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.measuring import show
from benchmarks.safety.scoring import DOUBT, FAILED, OPEN, SENT, SKIPPED
from benchmarks.safety.social.networks import NETWORKS
from benchmarks.safety.social.schedule import FULL, QUICK, PostSizes
from benchmarks.safety.social.stage import Played, PostSender

_SENDERS: Mapping[str, tuple[str, str]] = {
    "social": ("AICMO", "benchmarks.safety.contestants.posts_by_this_project"),
    "social_naive": ("plain client", "benchmarks.safety.contestants.posts_by_naive_client"),
}
_NUMBER = re.compile(r"Post (\d+) of ")
_PER = 10_000
_RATES = ("duplicates", "lost", "false_failed", "doubts")
_COLUMNS = ("class", "posts", "duplicates", "lost", "false failed", "doubts", "not sent", "kills")


@dataclass
class PostScore:
    """What became of a network's posts.

    duplicates: posts beyond the first of each. lost: not there, though not said to be open, failed or in
        doubt. false_failed: there, though said to be failed or open. doubts: left for a person.
    not_sent: not there, and openly so.
    """

    posts: int = 0
    duplicates: int = 0
    lost: int = 0
    false_failed: int = 0
    doubts: int = 0
    not_sent: int = 0
    kills: int = 0

    def __add__(self, other: PostScore) -> PostScore:
        names = [each.name for each in fields(self)]
        return PostScore(*(getattr(self, name) + getattr(other, name) for name in names))

    def per_10000(self, name: str) -> float:
        return round(getattr(self, name) * _PER / self.posts, 1)


Results = dict[str, dict[str, PostScore]]
"""By sender and network."""


def measure_posts(folder: Path, *, quick: bool) -> Results:
    """Runs all senders on all networks; two at once."""
    sizes = QUICK if quick else FULL
    groups = [list(NETWORKS)] if quick else [[network] for network in NETWORKS]
    jobs = [(sender, group) for sender in _SENDERS for group in groups]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda job: _measure(folder, *job, sizes), jobs))
    results: Results = {sender: {} for sender in _SENDERS}
    for (sender, _), scores in zip(jobs, done, strict=True):
        results[sender] |= scores
    return results


def _measure(
    folder: Path, sender: str, networks: Sequence[str], sizes: PostSizes
) -> dict[str, PostScore]:
    began = time.monotonic()
    post_sender = PostSender(_SENDERS[sender][1], folder / f"{sender}-{'-'.join(networks)}"[:40])
    played = post_sender.play(networks, sizes)
    told = f"{sender}: {', '.join(networks)}, {sizes.plans} × {sizes.posts} posts each"
    print(f"{told}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    for each in played:
        for wrong in each.misshapen:
            print(f"{sender}: {each.plan.name}: {wrong}", file=sys.stderr, flush=True)
    return {name: score(each for each in played if each.plan.network == name) for name in networks}


def score(played: Iterable[Played]) -> PostScore:
    """The score of plans that were played, added up."""
    total = PostScore()
    for each in played:
        total += _score(each)
    return total


def _score(played: Played) -> PostScore:
    found = (_NUMBER.match(text) for text in played.texts)
    times = Counter(int(number[1]) for number in found if number)
    states = {each: played.said.get(each, "") for each in played.plan.numbers}
    gone = [state for number, state in states.items() if not times[number]]
    return PostScore(
        posts=played.plan.posts,
        duplicates=sum(number - 1 for number in times.values()),
        lost=sum(state in (SENT, SKIPPED, "") for state in gone),
        false_failed=sum(states[number] in (FAILED, SKIPPED, OPEN) for number in times),
        doubts=sum(state == DOUBT for state in states.values()),
        not_sent=sum(state in (OPEN, FAILED, DOUBT) for state in gone),
        kills=int(played.was_killed),
    )


def as_json(results: Results) -> dict[str, Any]:
    """One entry for each sender, and in it one for each network."""
    return {
        sender: {name: _as_json(name, each) for name, each in of.items()}
        for sender, of in results.items()
    }


def _as_json(network: str, each: PostScore) -> dict[str, Any]:
    rates = {f"{name}_per_{_PER}": each.per_10000(name) for name in _RATES}
    counts = {name: getattr(each, name) for name in ("posts", *_RATES, "not_sent", "kills")}
    return {"class": NETWORKS[network].repeat_class, **counts, **rates}


def show_posts(results: Results) -> None:
    """Prints the counts of each sender."""
    for sender, of in results.items():
        rows: list[list[object]] = []
        for name, each in of.items():
            network = NETWORKS[name]
            counts = (each.posts, each.duplicates, each.lost, each.false_failed, each.doubts,
                      each.not_sent, each.kills)  # fmt: skip
            rows.append([network.title, network.repeat_class, *(f"{one:,}" for one in counts)])
        show(f"Posts: {_SENDERS[sender][0]}", ["network", *_COLUMNS], rows)
