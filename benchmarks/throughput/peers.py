"""The sinks that letters go to, and the senders that AICMO is compared with; each a process."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.safety.line_up import KNOWN
from benchmarks.throughput.letters import FROM, FROM_NAME, HTML, TEXT, write_people

SESSIONS = 8
LETTER_BYTES = 5_000
_HERE, _ROOT = Path(__file__).parent, Path(__file__).parents[2]


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's smtp-sink on loopback; gives its port."""
    port = _free_port()
    command = [_require("smtp-sink"), f"127.0.0.1:{port}", "256"]
    if os.geteuid() == 0:
        command[1:1] = ["-u", "nobody"]
    with _running(command):
        _wait_for(port)
        yield port


@contextmanager
def slow_sink(seconds: float) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.throughput.slow_sink", str(seconds)]
    with _running(command) as process:
        assert process.stdout
        yield int(process.stdout.readline())


def smtp_source(port: int, count: int) -> float:
    """Messages a second of Postfix's own load generator: as much as the sink is given by anybody."""
    command = [
        _require("smtp-source"), "-d", "-s", str(SESSIONS), "-l", str(LETTER_BYTES), "-m", str(count),
        f"127.0.0.1:{port}",
    ]  # fmt: skip
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return count / (time.perf_counter() - began)


def nodemailer(port: int, count: int) -> dict[str, Any]:
    modules = KNOWN["nodemailer"]().environment["SAFETY_NODE_MODULES"]
    parts = {"from": FROM, "from_name": FROM_NAME, "text": TEXT, "html": HTML}
    with _folder(count) as folder:
        (folder / "letter.json").write_text(json.dumps(parts))
        extra = {"THROUGHPUT_NODE_MODULES": modules, "THROUGHPUT_PORT": str(port)}
        return _measured([_require("node"), _HERE / "nodemailer.mjs"], folder, extra, count)


def django_post_office(port: int, count: int) -> dict[str, Any]:
    python = KNOWN["django_post_office"]().command[0]
    script, extra = _HERE / "django_post_office.py", {"THROUGHPUT_PORT": str(port)}
    with _folder(count) as folder:
        _run([python, script, "queue"], folder, extra)
        return _measured([python, script, "send"], folder, extra, count)


def smtplib_threads(port: int, connections: int, count: int) -> float:
    """Messages a second of smtplib with so many threads, a connection each."""
    module = "benchmarks.throughput.pool_of_smtplib"
    command = [sys.executable, "-m", module, str(port), str(connections), str(count)]
    return count / float(_run(command, _ROOT, {}))


def _measured(
    command: Sequence[object], folder: Path, extra: Mapping[str, str], count: int
) -> dict[str, Any]:
    found = json.loads(_run(command, folder, extra))
    return {
        "per_second": count / found["seconds"],
        "cpu_us_each": found["cpu_seconds"] / count * 1e6,
        "rss_mb": found["rss_mb"],
    }


def _run(command: Sequence[object], folder: Path, extra: Mapping[str, str]) -> str:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), **extra}
    words = [str(part) for part in command]
    done = subprocess.run(
        words, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.splitlines()[-1] if done.stdout else ""


@contextmanager
def _folder(count: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="aicmo-") as name:
        write_people(Path(name), count)
        yield Path(name)


@contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(port: int) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("smtp-sink didn't start")


def _require(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise SystemExit(f"{program} is not installed; on Debian: apt-get install postfix nodejs")
    return found
