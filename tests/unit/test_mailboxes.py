"""Shows that a mailbox in the file system is read whole, once, and never harmed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from aicmo.errors import FixConfiguration
from aicmo.gateways.mail_reports import LONGEST_MESSAGE
from aicmo.gateways.mailbox_address import FileAddress, ImapAddress, parse_mailbox_url
from aicmo.gateways.mailboxes import feedback_address, open_mailbox
from aicmo.redaction import redact
from aicmo.settings import Settings, get_settings

ONE, TWO = b"Subject: one\n\nfirst\n", b"Subject: two\n\nsecond\n"


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("cur", "new", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    (tmp_path / "box/new/1000.1.host").write_bytes(ONE)
    (tmp_path / "box/new/2000.2.host").write_bytes(TWO)
    return tmp_path / "box"


def test_what_is_new_in_a_maildir_is_read_the_newest_first(maildir: Path) -> None:
    with open_mailbox(FileAddress("maildir", maildir)) as mailbox:
        found = list(mailbox.messages())
        mailbox.mark_processed("2000.2.host")
        mailbox.mark_processed("2000.2.host")
        left = list(mailbox.messages())

    assert [(each.name, each.content) for each in found] == [
        ("2000.2.host", TWO),
        ("1000.1.host", ONE),
    ]
    assert [each.name for each in left] == ["1000.1.host"]
    assert (maildir / "cur/2000.2.host:2,S").read_bytes() == TWO


def test_what_is_no_message_in_a_maildir_is_left_alone(maildir: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not for anybody")
    (maildir / "new/3000.link").symlink_to(tmp_path / "secret")
    (maildir / "new/4000.folder").mkdir()
    os.mkfifo(maildir / "new/5000.pipe")
    (maildir / "new/.hidden").write_bytes(ONE)

    with open_mailbox(FileAddress("maildir", maildir)) as mailbox:
        assert [each.content for each in mailbox.messages()] == [TWO, ONE]


def test_of_a_huge_message_only_the_beginning_is_read(maildir: Path) -> None:
    (maildir / "new/9000.huge").write_bytes(b"x" * (3 * LONGEST_MESSAGE))

    with open_mailbox(FileAddress("maildir", maildir)) as mailbox:
        assert len(next(iter(mailbox.messages())).content) == LONGEST_MESSAGE


def test_an_mbox_is_only_read(tmp_path: Path) -> None:
    file = tmp_path / "box"
    whole = b"From a@b.example Tue Mar 10 15:00:00 2026\n" + ONE + b"\n"
    whole += b"From a@b.example Tue Mar 10 15:01:00 2026\n" + TWO + b"\n"
    file.write_bytes(whole)
    file.chmod(0o400)

    with open_mailbox(FileAddress("mbox", file)) as mailbox:
        found = list(mailbox.messages())
        mailbox.mark_processed(found[0].name)

    assert [each.content.strip() for each in found] == [TWO.strip(), ONE.strip()]
    assert file.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_a_mailbox_that_is_not_there_is_told(tmp_path: Path, kind: str) -> None:
    address = parse_mailbox_url(f"{kind}://{tmp_path}/nothing")

    with pytest.raises(FixConfiguration, match="nothing"), open_mailbox(address):
        pass


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("imaps://me:p%40ss%2F@mail.example.com/INBOX",
         ImapAddress("mail.example.com", 993, "implicit", "me", SecretStr("p@ss/"))),
        ("imaps://me%40agency.example:x@mail.example.com:9993",
         ImapAddress("mail.example.com", 9993, "implicit", "me@agency.example", SecretStr("x"))),
        ("imap://me:x@mail.example.com/Bounces/2026?tls=starttls",
         ImapAddress("mail.example.com", 143, "starttls", "me", SecretStr("x"), "Bounces/2026")),
        ("imap://me:x@mail.example.com",
         ImapAddress("mail.example.com", 143, "starttls", "me", SecretStr("x"))),
        ("maildir:///var/mail/bounces%20box", FileAddress("maildir", Path("/var/mail/bounces box"))),
        ("mbox:///var/mail/bounces", FileAddress("mbox", Path("/var/mail/bounces"))),
    ],
)  # fmt: skip
def test_urls_are_read(url: str, address: object) -> None:
    assert parse_mailbox_url(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pop3://me:canary@mail.example.com/",
        "imap://me:canary@mail.example.com/?tls=none",
        "imaps://me:canary@mail.example.com/?tls=starttls",
        "imaps://me:canary@mail.example.com/?verify=no",
        "imaps://mail.example.com/INBOX",
        "imaps://me:canary@/INBOX",
        "imaps://me:canary@mail.example.com:99999/",
        "imaps://me:canary@[mail.example.com/",
        "imaps://me:canary@mail.example.com/Boîte",
        "imaps://me:canary@mail.example.com/a%0D%0Ab",
        "maildir://relative/path",
        "mbox:",
    ],
)
def test_a_url_that_cannot_be_read_is_told_without_its_password(url: str) -> None:
    with pytest.raises(FixConfiguration, match="AICMO_FEEDBACK_URL can't be read") as caught:
        parse_mailbox_url(url)

    assert "canary" not in str(caught.value) + caught.value.next_step
    assert caught.value.__cause__ is None


def test_without_a_mailbox_it_says_which_variable_to_set() -> None:
    with pytest.raises(FixConfiguration, match="AICMO_FEEDBACK_URL is not set"):
        feedback_address(get_settings())


def test_the_password_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_FEEDBACK_URL", "imaps://me:canary-1@mail.example.com/")
    settings: Settings = get_settings()

    assert "canary-1" not in repr(settings) + repr(feedback_address(settings))


@pytest.mark.parametrize("variable", ["AICMO_FEEDBACK_URL", "AICMO_JOURNAL_URL"])
def test_the_password_alone_is_taken_out_of_any_text(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "imaps://me:canary%2F1@mail.example.com/")

    assert redact("the server said canary/1, no less") == "the server said ***, no less"
