"""Who an email comes from, and how its reader leaves: what a brand must have before it may send."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from aicmo.errors import FixInput
from aicmo.gateways.email_headers import (
    address_header,
    one_line,
    plain_header,
    refuse_controls,
)
from aicmo.plans.addresses import ascii_address
from aicmo.plans.document import Brand, Sender

FEEDBACK_TOKEN_LENGTH = 26
_TOKEN = "{token}"  # noqa: S105  (where a token stands in a URL)
_LONGEST_URL = 75  # header software folds a longer one, and folded it doesn't work
_LONGEST_LOCAL_PART = 64  # RFC 5321 §4.5.3.1.1


@dataclass(frozen=True)
class Unsubscribe:
    """Where a reader leaves; `url` has `{token}` in it if each message has an address of its own."""

    url: str

    @property
    def one_click(self) -> bool:
        return _TOKEN in self.url

    def link(self, token: str) -> str:
        return self.url.replace(_TOKEN, token)

    def headers(self, token: str) -> tuple[tuple[str, str], ...]:
        """RFC 2369, and RFC 8058 where one click is enough; never folded."""
        leave = ("List-Unsubscribe", f"<{self.link(token)}>")
        post = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        return (leave, post) if self.one_click else (leave,)

    @property
    def lines(self) -> bytes:
        """The headers as a `%` format, which wants the token if there is one."""
        written = b"".join(plain_header(*header) for header in self.headers(_TOKEN))
        return written.replace(b"%", b"%%").replace(_TOKEN.encode(), b"%s")


@dataclass(frozen=True)
class Origin:
    """What a brand gives to each of its emails.

    domain: of the From address, in ASCII.
    envelope: the envelope's sender, with `{token}` in it if bounces have a mailbox of their own.
    headers, lines: From and Reply-To, as they are read and as they are written.
    """

    domain: str
    envelope: str
    headers: tuple[tuple[str, str], ...]
    lines: bytes
    unsubscribe: Unsubscribe


def checked_address(address: str, place: str) -> str:
    """The address as SMTP wants it: the domain in ASCII (IDNA), the local part as it is.

    Raises:
        FixInput: it isn't one address, or its local part isn't ASCII; the address isn't told.
    """
    refuse_controls(address, place)
    if "=?" not in address:  # readers would decode it, as if it were a word of RFC 2047
        with suppress(FixInput):
            return ascii_address(address)
    raise FixInput(
        f"{place} isn't an email address that mail servers take",
        next_step="Write one like ana@example.com; before the @, plain letters and digits.",
    )


def read_origin(brand: Brand) -> Origin:
    """What a brand's emails start with.

    Raises:
        FixInput: the brand lacks what every email must carry; the text names the field.
    """
    sender = _required_sender(brand)
    address = checked_address(sender.email, "brand.sender.email")
    name = one_line(sender.name, "brand.sender.name")
    headers, lines = [("From", f"{name} <{address}>")], [address_header("From", name, address)]
    if sender.reply_to:
        reply_to = checked_address(sender.reply_to, "brand.sender.reply_to")
        headers.append(("Reply-To", reply_to))
        lines.append(plain_header("Reply-To", reply_to))
    return Origin(
        domain=address.rpartition("@")[2],
        envelope=_bounce_template(sender, address),
        headers=tuple(headers),
        lines=b"".join(lines),
        unsubscribe=_required_unsubscribe(brand),
    )


def has_feedback_tokens(brand: Brand) -> bool:
    """Whether each email has its own unsubscribe link or bounce address."""
    own_link = _TOKEN in (brand.unsubscribe_url or "")
    return own_link or bool(brand.sender and brand.sender.bounce_address)


def _required_sender(brand: Brand) -> Sender:
    if brand.sender is None:
        raise FixInput(
            "brand.sender is missing, so there is nobody to send email from",
            next_step="Add brand.sender with name and email to the project document.",
        )
    return brand.sender


def _required_unsubscribe(brand: Brand) -> Unsubscribe:
    url = brand.unsubscribe_url
    if url is None or not url.startswith("https://"):
        problem = "is missing" if url is None else "isn't an https:// address"
        raise FixInput(
            f"brand.unsubscribe_url {problem}, and every email must have it",
            next_step="Add the https:// page where a contact can leave to the project document.",
        )
    refuse_controls(url, "brand.unsubscribe_url")
    unsubscribe = Unsubscribe(url)
    if len(unsubscribe.link("x" * FEEDBACK_TOKEN_LENGTH)) > _LONGEST_URL or not url.isascii():
        raise FixInput(
            f"brand.unsubscribe_url isn't plain ASCII of at most {_LONGEST_URL} characters, its token's "
            f"{FEEDBACK_TOKEN_LENGTH} included",
            next_step="Use a shorter address; mail programs don't recognise a folded one.",
        )
    _refuse_odd_token(url)
    return unsubscribe


def _bounce_template(sender: Sender, address: str) -> str:
    """The envelope's sender, with `{token}` in it if bounces have a mailbox of their own (VERP).

    Raises:
        FixInput: the bounce address isn't one, or is too long for a token.
    """
    if sender.bounce_address is None:
        return address
    place = "brand.sender.bounce_address"
    local, domain = checked_address(sender.bounce_address, place).rsplit("@", 1)
    if len(local) + 1 + FEEDBACK_TOKEN_LENGTH > _LONGEST_LOCAL_PART:
        raise FixInput(
            f"{place} has {len(local)} characters before the @, which leaves no room for a token",
            next_step=f"Use at most {_LONGEST_LOCAL_PART - 1 - FEEDBACK_TOKEN_LENGTH}.",
        )
    return f"{local}+{_TOKEN}@{domain}"


def _refuse_odd_token(url: str) -> None:
    host, _, path = url.removeprefix("https://").partition("/")
    if "{" in host or "{" in path.replace(_TOKEN, "", 1) or "<" in url or ">" in url or " " in url:
        raise FixInput(
            "brand.unsubscribe_url has braces or brackets besides one {token} after its host",
            next_step="Write it like https://mail.example.com/u/{token}.",
        )
