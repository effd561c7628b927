"""An SMTP peer at which something happens between an effect and its answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from tests.peers.smtp_peer import Dialogue, Script, SmtpPeer, _Cut


class SteppingPeer(SmtpPeer):
    """Waits for its clients as long as they may wait for what happens at a step."""

    def __init__(self, script: Script | None = None) -> None:
        super().__init__(script)
        self._lock = threading.Lock()
        self._actions: dict[int, Callable[[], object]] = {}

    def before_answer(self, effects: int, action: Callable[[], object]) -> None:
        """Calls `action`, in a thread that ends, before the effect so many from now is answered."""
        with self._lock:
            self._actions[self.effects.total() + effects] = action

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(60)
        with connection, suppress(OSError, _Cut), _Stepping(self, connection) as dialogue:
            dialogue.run()


class _Stepping(Dialogue):
    peer: SteppingPeer

    def apply(self, body: bytes) -> None:
        with self.peer._lock:
            super().apply(body)
            action = self.peer._actions.pop(self.peer.effects.total(), None)
        if action:
            action()
