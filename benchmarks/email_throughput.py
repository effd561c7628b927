"""Personalised letters of about 5 KB through the whole durable path, to Postfix's smtp-sink.

Each is claimed, composed, armed, sent, settled and audited (`synchronous=FULL`, `synchronous_commit=on`)
by two workers. Just before each, Postfix's smtp-source measures the limit: 8 sessions, connections kept,
the same bytes again and again. Beside it: nodemailer's pool and django-post-office with the same
letter, and, at 20 ms an answer, smtplib with as many connections. Import and approval aren't timed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measuring import options, show
from benchmarks.throughput import peers, this_project
from benchmarks.throughput.rendering import cpu_us_per_letter
from tests.peers.postgres_server import new_database, running_postgres

ROUNDS, QUICK_ROUNDS = {1_000: 3, 10_000: 5, 100_000: 1}, {5_000: 1}
"""How often each number of letters is sent; the median counts."""
WORKERS, CONNECTIONS = 2, 8
NODEMAILER, DJANGO_POST_OFFICE = (20_000, 5_000), (2_000, 300)
"""Letters at full and at quick size for those that are slower."""
AWAY_SECONDS, AWAY_LETTERS = 0.02, (4_000, 600)


def main() -> None:
    chosen = options(__doc__ or "")
    with _databases() as urls:
        by_size = [
            _median([_measure(name, fresh, size) for _ in range(rounds)])
            for size, rounds in (QUICK_ROUNDS if chosen.quick else ROUNDS).items()
            for name, fresh in urls.items()
        ]
        others = _others(quick=chosen.quick)
        away = _far_away(urls["sqlite"], AWAY_LETTERS[chosen.quick])
    results = _results(by_size, others, away)
    if chosen.json:
        print(json.dumps(results))
    else:
        _show(results)


@contextmanager
def _databases() -> Iterator[dict[str, Callable[[], str]]]:
    with (
        running_postgres(durable=True) as server,
        tempfile.TemporaryDirectory(prefix="aicmo-") as folder,
    ):
        numbers = iter(range(1_000_000))

        def file() -> str:
            place = Path(folder) / str(next(numbers))
            place.mkdir()
            return f"sqlite:///{place}/aicmo.db"

        yield {"sqlite": file, "postgresql": lambda: new_database(server)}


def _measure(name: str, fresh: Callable[[], str], size: int) -> dict[str, Any]:
    url = fresh()
    this_project.prepared(url, size)
    with peers.smtp_sink() as port:
        limit = peers.smtp_source(port, max(size, 5_000))
        found = _drained(url, port, WORKERS)
    if this_project.sent(url) != size:
        raise SystemExit(f"only {this_project.sent(url)} of {size} were sent")
    rendering = cpu_us_per_letter()
    each = found["cpu_seconds"] / size * 1e6
    return {
        "database": name,
        "letters": size,
        "per_second": size / found["seconds"],
        "smtp_source_per_second": limit,
        "ratio_to_smtp_source": size / found["seconds"] / limit,
        "cpu_us_each": each,
        "rendering_us_each": rendering,
        "cpu_to_rendering": each / rendering,
        "rss_mb": found["rss_mb"],
    }


def _drained(url: str, port: int, workers: int) -> dict[str, float]:
    """Sends everything with `workers` processes that start together."""
    relay = f"smtp://127.0.0.1:{port}?tls=none&connections={CONNECTIONS}&per_connection=1000000"
    command = [sys.executable, "-m", "benchmarks.throughput.this_project", url, relay]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(workers)
    ]
    for each in started:
        assert each.stdout
        if each.stdout.readline() != "ready\n":
            raise SystemExit("a worker didn't start")
    for each in started:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    said = [json.loads(each.communicate()[0].splitlines()[-1]) for each in started]
    return {
        "seconds": max(each["ended"] for each in said) - min(each["began"] for each in said),
        "cpu_seconds": sum(each["cpu_seconds"] for each in said),
        "rss_mb": max(each["rss_mb"] for each in said),
    }


def _median(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    ordered = sorted(rounds, key=lambda each: each["ratio_to_smtp_source"])
    return ordered[len(ordered) // 2]


def _others(*, quick: bool) -> dict[str, dict[str, Any]]:
    """The same letter by others, and what AICMO's rates are compared with: each one's own limit."""
    found: dict[str, dict[str, Any]] = {}
    for name, send, counts in (
        ("nodemailer", peers.nodemailer, NODEMAILER),
        ("django_post_office", peers.django_post_office, DJANGO_POST_OFFICE),
    ):
        with peers.smtp_sink() as port:
            limit = statistics.median(peers.smtp_source(port, 5_000) for _ in range(3))
            measured = send(port, counts[quick])
        found[name] = {**measured, "ratio_to_smtp_source": measured["per_second"] / limit}
    return found


def _far_away(fresh: Callable[[], str], count: int) -> dict[str, float]:
    """One worker and smtplib, with as many connections, where each answer takes its time."""
    url = fresh()
    this_project.prepared(url, count)
    with peers.slow_sink(AWAY_SECONDS) as port:
        smtplib_rate = peers.smtplib_threads(port, CONNECTIONS, count // 4)
        ours = count / _drained(url, port, 1)["seconds"]
    return {"per_second": ours, "smtplib_per_second": smtplib_rate, "ratio": ours / smtplib_rate}


def _results(
    by_size: list[dict[str, Any]], others: dict[str, dict[str, Any]], away: dict[str, float]
) -> dict[str, Any]:
    sqlite, postgresql = by_size[-2], by_size[-1]
    share = sqlite["ratio_to_smtp_source"]
    return {
        "ratio_to_smtp_source": share,
        "ratio_to_smtp_source_postgresql": postgresql["ratio_to_smtp_source"],
        "ratio_to_nodemailer": share / others["nodemailer"]["ratio_to_smtp_source"],
        "ratio_to_django_post_office": share / others["django_post_office"]["ratio_to_smtp_source"],
        "cpu_to_rendering": sqlite["cpu_to_rendering"],
        "rss_mb": max(each["rss_mb"] for each in by_size),
        "ratio_to_smtplib_at_20_ms": away["ratio"],
        "by_size": by_size,
        "others": others,
        "at_20_ms": away,
    }


def _show(results: dict[str, Any]) -> None:
    show(
        "Email throughput, two workers",
        ["database", "letters", "per second", "smtp-source", "ratio", "CPU µs", "× rendering", "RSS MB"],
        [
            [
                each["database"], f"{each['letters']:,}", each["per_second"],
                each["smtp_source_per_second"], each["ratio_to_smtp_source"], each["cpu_us_each"],
                each["cpu_to_rendering"], each["rss_mb"],
            ]
            for each in results["by_size"]
        ],
    )  # fmt: skip
    show(
        "Others, one process",
        ["sender", "per second", "× smtp-source", "CPU µs", "RSS MB"],
        [
            [name, each["per_second"], each["ratio_to_smtp_source"], each["cpu_us_each"], each["rss_mb"]]
            for name, each in results["others"].items()
        ],
    )  # fmt: skip
    for name in ("nodemailer", "django_post_office", "smtplib_at_20_ms"):
        print(f"AICMO to {name}: {results[f'ratio_to_{name}']:.1f}")


if __name__ == "__main__":
    main()
