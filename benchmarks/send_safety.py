"""The send-safety benchmark: how often senders of mail and posts send twice, lose, misreport or ignore a no.

Every contestant sends the same campaigns to a relay that counts effects, under the published faults
of `benchmarks/safety/schedule.py`; posts go to a peer of each network, under those of
`benchmarks/safety/social/schedule.py`. What is counted, and how to add a sender: docs/send-safety.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measuring import show
from benchmarks.safety.line_up import KEPT_PREFECT_DATABASE, KNOWN, Contestant, other
from benchmarks.safety.scenarios import SCENARIOS, Outcome, Setting
from benchmarks.safety.scoring import Score
from benchmarks.safety.senders import kill_all
from benchmarks.safety.social.measuring import Results as PostResults
from benchmarks.safety.social.measuring import as_json as posts_as_json
from benchmarks.safety.social.measuring import measure_posts, show_posts

_NUMBERS = ("duplicates", "losses", "wrong_reports", "consent_violations", "doubts", "sent")
_COLUMNS = ("deliveries", "duplicates", "losses", "wrong reports", "consent", "doubts", "sent")
_KINDS = (
    "sent_to_opted_out", "sent_as_edited", "sent_while_stopped", "most_effects_of_one",
    "not_delivered",
)  # fmt: skip
_KIND_COLUMNS = ("to opted out", "as edited", "while stopped", "most of one", "openly not sent")
_RUN_SECONDS, _QUICK_RUN_SECONDS = 1_200.0, 60.0
_POSTS = "posts"


def main() -> None:
    chosen = _options()
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # both raise KeyboardInterrupt
    line_up = [KNOWN[name]() for name in chosen.only if name != _POSTS] + chosen.contestant
    with (
        tempfile.TemporaryDirectory(prefix="send-safety-") as folder,
        _prefect(line_up, Path(folder)) as prefect,
    ):
        with_posts = _POSTS in chosen.only
        results, posts = _measure_all(
            line_up, Path(folder), prefect, quick=chosen.quick, with_posts=with_posts
        )
    if chosen.json:
        mail = {name: _as_json(each) for name, each in results.items()}
        print(json.dumps(mail | posts_as_json(posts)))
    else:
        _show({each.name: each.title for each in line_up}, results)
        show_posts(posts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="some hundred deliveries each")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument(
        "--only", nargs="*", choices=(*KNOWN, _POSTS), default=(*KNOWN, _POSTS),
        help="leave out the others",
    )  # fmt: skip
    parser.add_argument(
        "--contestant", action="append", default=[], type=other, metavar="NAME=COMMAND",
        help="a sender of your own, called as docs/send-safety.md says",
    )  # fmt: skip
    return parser.parse_args()


def _measure_all(
    line_up: Sequence[Contestant], folder: Path, prefect: Any, *, quick: bool, with_posts: bool
) -> tuple[dict[str, dict[str, Outcome]], PostResults]:
    """One after the other, posts last; with `quick` all at once."""
    first = sorted(line_up, key=lambda each: not each.needs_prefect)
    pool = ThreadPoolExecutor(len(first) + 1 if quick else 1)
    running = {
        each.name: pool.submit(_measure, each, folder, prefect, quick=quick) for each in first
    }
    posts = pool.submit(measure_posts, folder / _POSTS, quick=quick) if with_posts else None
    try:
        results = {each.name: running[each.name].result() for each in line_up}
        return results, posts.result() if posts else {}
    except BaseException:  # noqa: BLE001  (also Ctrl-C: the threads would go on to the end)
        traceback.print_exc()
        kill_all()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)


def _measure(
    contestant: Contestant, folder: Path, prefect: Any, *, quick: bool
) -> dict[str, Outcome]:
    environment = prefect.environment() if contestant.needs_prefect else {}
    setting = Setting(
        contestant,
        contestant.quick_sizes if quick else contestant.sizes,
        folder / contestant.name,
        environment,
        _QUICK_RUN_SECONDS if quick else _RUN_SECONDS,
    )
    outcomes: dict[str, Outcome] = {}
    for name, play in SCENARIOS.items():
        outcomes[name] = done = play(setting)
        told = f"{contestant.name}: {name}, {done.deliveries:,} deliveries, {done.seconds:.0f} s"
        print(told, *done.notes, sep="; ", file=sys.stderr, flush=True)
    return outcomes


@contextmanager
def _prefect(line_up: Sequence[Contestant], folder: Path) -> Iterator[Any]:
    """A server that starts while others are measured; None if nobody needs one."""
    if not any(each.needs_prefect for each in line_up):
        yield None
        return
    from benchmarks.safety.prefect_server import PrefectServer  # noqa: PLC0415  (needs httpx)

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = PrefectServer(folder / "prefect", KEPT_PREFECT_DATABASE, port)
    try:
        yield server
    finally:
        server.stop()


def _total(outcomes: dict[str, Outcome]) -> tuple[Score, int]:
    total = Score()
    for each in outcomes.values():
        total += each.score
    return total, sum(each.deliveries for each in outcomes.values())


def _as_json(outcomes: dict[str, Outcome]) -> dict[str, Any]:
    total, deliveries = _total(outcomes)
    scenarios = {name: asdict(each) for name, each in outcomes.items()}
    return {**asdict(total), "deliveries": deliveries, "scenarios": scenarios}


def _show(titles: dict[str, str], results: dict[str, dict[str, Outcome]]) -> None:
    if not results:
        return
    rows: list[list[object]] = []
    for name, outcomes in results.items():
        total, deliveries = _total(outcomes)
        rows.append([titles[name], f"{deliveries:,}", *_numbers(total)])
    show("Send safety: all scenarios", ["contestant", *_COLUMNS], rows)
    each = [(f"{part}: {name}", of[part]) for part in SCENARIOS for name, of in results.items()]
    rows = [[name, f"{done.deliveries:,}", *_numbers(done.score)] for name, done in each]
    show("By scenario", ["scenario: contestant", *_COLUMNS], rows)
    rows = [
        [titles[name], *(f"{getattr(_total(of)[0], kind):,}" for kind in _KINDS)]
        for name, of in results.items()
    ]
    show("What lies behind", ["contestant", *_KIND_COLUMNS], rows)


def _numbers(found: Score) -> list[str]:
    return [f"{getattr(found, name):,}" for name in _NUMBERS]


if __name__ == "__main__":
    main()
