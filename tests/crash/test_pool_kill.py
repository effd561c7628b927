"""A worker that is killed with several connections open leaves a doubt per connection at most."""

from __future__ import annotations

from dataclasses import replace

from tests.crash.live_process import live_process, outcome
from tests.crash.promises import drain, kept_promises, prepare
from tests.crash.stepping_peer import SteppingPeer
from tests.peers.smtp_peer import Script

PEOPLE, MIDDLE, CONNECTIONS = 40, 15, 4


def test_kill_with_four_messages_on_the_wire(database_url: str) -> None:
    prepare(database_url, PEOPLE)
    with SteppingPeer(Script(delay=0.002)) as peer:
        relay = replace(peer.relay, connections=CONNECTIONS)
        with live_process(database_url, relay) as process:
            peer.before_answer(MIDDLE, process.kill)
            outcome(process)
        assert peer.effects.total() <= MIDDLE + CONNECTIONS

        drain(database_url, relay)
        books = kept_promises(database_url, peer.effects, PEOPLE)
    assert 1 <= books.count("unknown") <= CONNECTIONS
    assert set(peer.effects.values()) == {1}
