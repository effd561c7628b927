"""One connection of the pool, as a state machine: an envelope, a body, and apart from them a dot.

The final dot is what commits. Until it is written, a failure is certainly not sent; after it, a
lost answer is a doubt. The envelope of the next message may ride in the dot's write (RFC 2920
§3.1): it names somebody and no more, so whatever happens to it, that message isn't sent.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from dataclasses import replace
from enum import Enum, auto
from math import inf
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector
from typing import Protocol

from aicmo.gateways.contract import Outcome, OutcomeKind, Scope
from aicmo.gateways.smtp_letter import Command, Envelopes, Extensions, Letter
from aicmo.gateways.smtp_replies import CLOSING, Reply, Step, final_answer, refusal
from aicmo.gateways.smtp_session import SmtpSession, SmtpTimeouts
from aicmo.gateways.smtp_socket import SmtpSocket

LATE = Outcome(OutcomeKind.NOT_SENT, detail="past its deadline", scope=Scope.BATCH)
_RSET: Command = ("RSET", b"RSET\r\n")
_GOOD: dict[Step, tuple[int, ...]] = {
    "MAIL": (250,),
    "RCPT": (250, 251),
    "journal RCPT": (250, 251),
    "DATA": (354,),
}
_QUIT_SECONDS = 2.0
_ENDED, _NO_ANSWER = "the connection ended", "no answer in time"
_UNASKED = "the server said something that nobody asked for"


class Stage(Enum):
    IDLE = auto()
    ENVELOPE = auto()
    BODY = auto()
    DOT = auto()
    """All but the dot is written."""
    LEAVING = auto()
    CLOSED = auto()


class Desk(Protocol):
    """Who gives out letters and gets to know what became of them."""

    def answer(self, letter: Letter, outcome: Outcome) -> None: ...

    def put_back(self, letter: Letter) -> None:
        """Nothing was begun with it, so that another connection can take it."""
        ...


class SmtpConnection:
    """`opened` is the letter without its dot, `committed` the one whose dot isn't answered yet."""

    def __init__(
        self, session: SmtpSession, desk: Desk, envelopes: Envelopes, timeouts: SmtpTimeouts,
        selector: BaseSelector,
    ) -> None:  # fmt: skip
        if session.sock is None or session.has_more:
            session.close()
            raise ConnectionError(_UNASKED)
        self.stage = Stage.IDLE
        self.opened: Letter | None = None
        self.committed: Letter | None = None
        self.due = inf
        self.taken = 0
        self.offered = Extensions.of(session)
        self._desk, self._envelopes, self._timeouts = desk, envelopes, timeouts
        self._socket = SmtpSocket(session.sock, selector, self)
        self._awaited: deque[Step] = deque()
        self._unsaid: deque[Command] = deque()
        self._refused: Outcome | None = None
        self._is_data_open = self._ends_with_answer = False
        self._note = self._note_of_committed = ""

    @property
    def is_busy(self) -> bool:
        return self.opened is not None or self.committed is not None

    def begin(self, letter: Letter) -> None:
        """Opens a transaction; the connection must be idle."""
        self._write(self._enclose(letter))
        self._wait_for_step()

    def commit(self, rider: Letter | None) -> None:
        """Writes the dot of the opened letter, and with it the envelope of the next."""
        self.committed, self.opened = self.opened, None
        self._note_of_committed = self._note
        self.stage = Stage.IDLE
        self._awaited.append("end of data")
        dot = b".\r\n"
        self._write(dot + self._enclose(rider) if rider else dot)
        self.due = time.monotonic() + self._timeouts.answer

    def give_up(self, outcome: Outcome) -> None:
        """Lets the opened letter go, without its dot: the server discards what it has of it."""
        if self.opened is None:
            return
        letter, self.opened = self.opened, None
        self._desk.answer(letter, outcome)
        if self.committed is None:
            self.close()
        else:
            self._ends_with_answer = True

    def leave(self) -> None:
        """Says goodbye; whatever comes of it changes nothing."""
        self.stage = Stage.LEAVING
        self._awaited.append("QUIT")
        self.due = time.monotonic() + _QUIT_SECONDS
        self._write(b"QUIT\r\n")

    def attend(self, events: int) -> None:
        """Reads and writes what can be read and written now."""
        try:
            if events & EVENT_WRITE:
                self._flush()
            if events & EVENT_READ and self.stage is not Stage.CLOSED:
                replies = self._socket.read()
                for code, text in replies:
                    self._take_reply(code, text)
                if replies and self.stage is Stage.ENVELOPE:
                    self._wait_for_step()
            if self.stage is Stage.DOT and self._socket.has_rest:
                self.lose(_UNASKED)  # or it would count as the answer to the dot
        except EOFError:
            self.lose(_ENDED)
        except Exception as error:  # noqa: BLE001  (nothing unforeseen may touch the other connections)
            self.lose(_cause(error))

    def expire(self) -> None:
        """The server didn't do the next step in time."""
        self.lose(_NO_ANSWER)

    def lose(self, cause: str) -> None:
        """The connection can't be used any more: what was committed is in doubt, the rest isn't sent."""
        committed, opened, self.committed, self.opened = self.committed, self.opened, None, None
        was_asked = "RSET" not in self._awaited
        self.close()
        if committed:
            doubt = Outcome(OutcomeKind.UNKNOWN, detail=cause)
            self._desk.answer(committed, self._with_note(doubt))
        if opened and not was_asked:
            self._desk.put_back(opened)
        elif opened:
            late = LATE if opened.outgoing.is_late() else None
            not_sent = Outcome(OutcomeKind.NOT_SENT, detail=cause)
            self._desk.answer(opened, self._refused or late or not_sent)

    def close(self) -> None:
        if self.stage is not Stage.CLOSED:
            self.stage, self.due = Stage.CLOSED, inf
            self._socket.close()

    def _write(self, data: bytes) -> None:
        try:
            self._socket.write(data)
        except Exception as error:  # noqa: BLE001  (of a dot, some byte may have gone)
            self.lose(_cause(error))

    def _flush(self) -> None:
        if self.committed and self.committed.outgoing.is_late():
            self.lose(_NO_ANSWER)  # of a dot that is stuck, nothing more is written
            return
        self._socket.flush()
        if self.stage is Stage.BODY:
            self._wait_for_body()

    def _enclose(self, letter: Letter) -> bytes:
        """Makes it the opened letter; returns what is to be written first."""
        commands = self._envelopes.commands(letter, self.offered)
        if self.taken:
            commands.insert(0, _RSET)
        self.taken += 1
        self.opened, self.stage = letter, Stage.ENVELOPE
        self._refused, self._is_data_open, self._note = None, False, ""
        if self.offered.pipelining:
            self._awaited.extend([step for step, _ in commands])
            return b"".join([command for _, command in commands])
        step, first = commands[0]
        self._unsaid.extend(commands[1:])
        self._awaited.append(step)
        return first

    def _take_reply(self, code: int, text: bytes) -> None:
        if self.stage is Stage.CLOSED:
            return
        if not self._awaited:
            self._take_unasked(code, text)
            return
        step = self._awaited[0]
        if step == "end of data":
            self._take_answer(code, text)
            return
        if code < 0 or (step == "RSET" and code != 250):  # noqa: PLR2004  (RFC 5321 §4.3.2)
            self.lose(f"no SMTP reply at {step}")
            return
        self._awaited.popleft()
        if step == "QUIT":
            self.close()
        elif self.opened:
            self._take_step(step, code, text)

    def _take_unasked(self, code: int, text: bytes) -> None:
        if code == CLOSING:
            self._refused = refusal("DATA", _reply(code, text))
        self.lose(_UNASKED)

    def _take_answer(self, code: int, text: bytes) -> None:
        """The answer to the dot; the only thing that ends the doubt about what was committed."""
        letter = self.committed
        if letter is None:
            self.lose(_UNASKED)
            return
        self._awaited.popleft()
        outcome = final_answer(_reply(code, text), letter.outgoing.token)
        self.committed = None
        self._desk.answer(letter, self._with_note(outcome))
        is_in_step = outcome.kind not in (OutcomeKind.UNKNOWN, OutcomeKind.NOT_SENT)
        if not is_in_step or code == CLOSING or self._ends_with_answer:
            self.lose(_ENDED)
        else:
            self.due = inf

    def _with_note(self, outcome: Outcome) -> Outcome:
        if not self._note_of_committed:
            return outcome
        said = (outcome.detail, self._note_of_committed)
        return replace(outcome, detail=", ".join(filter(None, said)))

    def _take_step(self, step: Step, code: int, text: bytes) -> None:
        self._is_data_open |= step == "DATA" and code == 354  # noqa: PLR2004  (RFC 5321 §4.3.2)
        if code not in _GOOD.get(step, (250,)):
            self._take_refusal(step, _reply(code, text))
            if code == CLOSING:
                self.lose(_ENDED)
                return
        if self._unsaid:
            step, command = self._unsaid.popleft()
            self._awaited.append(step)
            self._write(command)
        elif not self._awaited:
            self._end_envelope()

    def _take_refusal(self, step: Step, reply: Reply) -> None:
        if step == "journal RCPT" and reply.code != CLOSING:
            self._note = f"without the journal copy ({reply.shown})"
            return
        self._refused = self._refused or refusal(step, reply)
        self._unsaid.clear()

    def _end_envelope(self) -> None:
        letter, refused = self.opened, self._refused
        if letter is None:
            return
        if refused is None:
            self.stage = Stage.BODY
            self._write(letter.body)
            self._wait_for_body()
            return
        # A server that waits for a body although it refused gets neither a body nor a dot.
        if self._is_data_open or refused.kind is OutcomeKind.NOT_SENT:
            self.lose(_ENDED)
            return
        self.opened, self.stage, self.due = None, Stage.IDLE, inf
        self._desk.answer(letter, refused)

    def _wait_for_step(self) -> None:
        if self.opened is None or self.committed is not None:
            return
        is_data = bool(self._awaited) and self._awaited[0] == "DATA"
        limit = self._timeouts.data if is_data else self._timeouts.command
        self.due = min(time.monotonic() + limit, self.opened.deadline)

    def _wait_for_body(self) -> None:
        if self.opened is None:
            return
        if self._socket.is_drained:
            self.stage = Stage.DOT
        self.due = min(time.monotonic() + self._timeouts.body, self.opened.deadline)


def _reply(code: int, text: bytes) -> Reply:
    return Reply(code, text.decode("ascii", "replace"))


def _cause(error: Exception) -> str:
    """The kind of failure only: an error's text can hold an address or a password."""
    if isinstance(error, ssl.SSLEOFError):
        return _ENDED
    return f"connection failed: {type(error).__name__}"
