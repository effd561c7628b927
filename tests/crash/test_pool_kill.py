"""A worker that is killed with several connections open leaves a doubt per connection at most.

`AICMO_TEST_FULL=1` kills 240 of them, at random moments.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest

from tests.crash.live_process import live_process, outcome
from tests.crash.promises import drain, kept_promises, prepare
from tests.crash.stepping_peer import SteppingPeer
from tests.peers.smtp_peer import Script

FULL = bool(os.environ.get("AICMO_TEST_FULL"))
SEEDS, KILLS = range(24 if FULL else 1), 5 if FULL else 1
MOST_BEFORE = 20


@pytest.mark.parametrize("seed", SEEDS)
def test_kills_with_messages_on_the_wire(seed: int, database_url: str) -> None:
    chance, people, in_flight = random.Random(seed), KILLS * 40, 0
    script = Script(delay=chance.choice((0.0, 0.002)), pipelining=chance.random() < 0.5)
    prepare(database_url, people)
    with SteppingPeer(script) as peer:
        for _ in range(KILLS):
            relay, before = replace(peer.relay, connections=chance.randint(2, 8)), effects(peer)
            moment = chance.randint(1, MOST_BEFORE)
            with live_process(database_url, relay) as process:
                peer.before_answer(moment, process.kill)
                outcome(process)
            assert before + moment <= effects(peer) < before + moment + relay.connections
            in_flight += relay.connections

        drain(database_url, peer.relay)
        books = kept_promises(database_url, peer.effects, people)
    assert KILLS <= books.count("unknown") <= in_flight


def effects(peer: SteppingPeer) -> int:
    return peer.effects.total()
