"""What a worker is doing, kept outside the database: it tells a killed worker's doubts apart.

Two small writes per transmission, `begin` directly before the byte that commits and `answer` after
it, into a file that stays locked while its worker lives. They survive the process, not a power cut:
after a restart of the machine a missing record proves nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import Outcome, OutcomeKind, Scope

_SUFFIX = ".journal"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Journal(AbstractContextManager["Journal"]):
    """The journal of one dispatch; kept on disk if it is left with something unsettled.

    Raises:
        FixConfiguration: the folder can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{secrets.token_hex(8)}{_SUFFIX}"
        self._descriptor = -1
        self._is_broken = False

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = _create_locked(self._path)
        except OSError as error:
            raise FixConfiguration(
                f"The journal can't be written in {self._path.parent}: {error.strerror}",
                next_step="Make the folder writable: without it, a killed worker leaves doubts.",
            ) from None
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if os.fstat(self._descriptor).st_size == 0:
            self._path.unlink()
        os.close(self._descriptor)

    def claim(self, fence: int, run_id: int | None) -> None:
        """Names the claim that the following records belong to; before it is made."""
        self._write(f'["claim",{fence},{json.dumps(run_id)},"{_boot_id()}"]')

    def begin(self, *delivery_ids: int) -> None:
        """The committing bytes of these deliveries are about to be written.

        Raises:
            OSError: it can't be recorded, so nothing may be sent.
        """
        self._write("\n".join(f'["begin",{each}]' for each in delivery_ids))

    def answer(self, delivery_id: int, outcome: Outcome) -> None:
        """What came of it. A failure to record is no failure: it is settled from memory."""
        with suppress(OSError):
            self._write(f'["answer",{delivery_id},{json.dumps(_as_record(outcome))}]')

    def settled(self) -> None:
        """Everything so far is in the database."""
        os.ftruncate(self._descriptor, 0)

    def _write(self, record: str) -> None:
        if self._is_broken:
            raise OSError("the journal is broken")
        line = f"{record}\n".encode()
        try:
            complete = os.write(self._descriptor, line) == len(line)
        except OSError:
            self._is_broken = True
            raise
        if not complete:
            self._is_broken = True
            raise OSError("the journal's disk is full")


@dataclass
class LeftBehind:
    """One claim of a worker that is gone, as its journal tells it.

    is_complete: every record that was written is here, so that a missing one proves something.
    """

    fence: int
    run_id: int
    is_complete: bool
    begun: set[int] = field(default_factory=set[int])
    answers: dict[int, Outcome] = field(default_factory=dict[int, Outcome])


@contextmanager
def abandoned(folder: Path) -> Generator[Iterator[LeftBehind]]:
    """The claims that workers of this machine left behind; their journals go when the block ends."""
    with _locked_files(folder) as files:
        yield (claim for _, text in files for claim in _parse(text))
        for path, _ in files:
            path.unlink(missing_ok=True)


@contextmanager
def _locked_files(folder: Path) -> Generator[list[tuple[Path, bytes]]]:
    descriptors: list[int] = []
    found: list[tuple[Path, bytes]] = []
    try:
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            descriptor = _lock_abandoned(path)
            if descriptor is not None:
                descriptors.append(descriptor)
                found.append((path, path.read_bytes()))
        yield found
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _lock_abandoned(path: Path) -> int | None:
    """A lock on a journal without an owner; None if it has one, or somebody else replays it."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _create_locked(path: Path) -> int:
    # Locked before it gets the name that others look for: it is never seen without its owner.
    hidden = path.with_suffix(".new")
    descriptor = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    hidden.rename(path)
    return descriptor


def _parse(text: bytes) -> Iterator[LeftBehind]:
    """The claims of one file. Of a last line that was cut off, nothing had followed yet."""
    current: LeftBehind | None = None
    *lines, _cut_off = text.split(b"\n")
    for line in lines:
        try:
            kind, *values = json.loads(line)
            if kind == "claim":
                if current:
                    yield current
                current = _claimed(*values)
            elif current:
                _add(current, kind, *values)
        except (ValueError, TypeError, KeyError):
            # Garbled, or written by another version: what it said is missing.
            if current:
                current.is_complete = False
    if current:
        yield current


def _claimed(fence: int, run_id: int, boot_id: str) -> LeftBehind:
    return LeftBehind(int(fence), run_id, bool(boot_id) and boot_id == _boot_id())


def _add(
    current: LeftBehind, kind: str, delivery_id: int, record: dict[str, Any] | None = None
) -> None:
    if kind == "begin":
        current.begun.add(int(delivery_id))
    elif kind == "answer" and record is not None:
        current.answers[int(delivery_id)] = _from_record(record)
    else:
        raise ValueError(kind)


def _boot_id() -> str:
    """Changes with every start of the machine; empty where the system doesn't tell."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _as_record(outcome: Outcome) -> dict[str, Any]:
    not_before = outcome.not_before.isoformat() if outcome.not_before else None
    return {
        "kind": outcome.kind, "code": outcome.code, "detail": outcome.detail, "ref": outcome.ref,
        "not_before": not_before, "suppress": outcome.suppress, "scope": outcome.scope,
        "permalink": outcome.permalink,
    }  # fmt: skip


def _from_record(record: dict[str, Any]) -> Outcome:
    not_before = record["not_before"]
    return Outcome(
        OutcomeKind(record["kind"]), record["code"], record["detail"], record["ref"],
        datetime.fromisoformat(not_before) if not_before else None,
        record["suppress"], Scope(record["scope"]), record.get("permalink", ""),
    )  # fmt: skip
