"""A channel is sent in chunks, a task each: a page in the UI says how far it is, and a task stays short.

What was sent is in the ledger alone: a chunk that is lost with its process loses no delivery.
"""

from __future__ import annotations

from dataclasses import dataclass

from aicmo.execution.progress import Snapshot
from aicmo.execution.runs import ChannelResult

CHUNK = 5_000
"""Deliveries per task: a task run costs Prefect's server as much as some 150 deliveries in it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One task's part of a channel.

    limit: deliveries that the run may still hand over on this channel; None for no limit.
    before: what the chunks before it have counted.
    """

    number: int = 1
    limit: int | None = None
    before: Snapshot | None = None

    @property
    def at_most(self) -> int:
        return CHUNK if self.limit is None else min(CHUNK, self.limit)


@dataclass(frozen=True, slots=True)
class SentChunk:
    """What a chunk did; `result` are the books of the whole channel after it."""

    result: ChannelResult
    handed_over: int
    progress: Snapshot


def next_chunk(chunk: Chunk, sent: SentChunk) -> Chunk | None:
    """The chunk after this one; None when nothing more is due or the run's limit is reached."""
    limit = None if chunk.limit is None else chunk.limit - sent.handed_over
    if sent.handed_over < chunk.at_most or limit == 0:
        return None
    return Chunk(chunk.number + 1, limit, sent.progress)
