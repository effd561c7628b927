"""Shows that two independent programs find our DKIM signatures good, and every change of them bad."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from aicmo.errors import FixConfiguration
from aicmo.gateways.dkim_signing import OVER_SIGNED, SIGNED_HEADERS, Signer
from tests.peers.missing import skip_or_fail

MESSAGE = b"""\
From: =?utf-8?q?Northside_St=C3=BCdio?= <hello@agency.test>\r
Reply-To: team@agency.test\r
List-Unsubscribe: <https://mail.agency.test/u/abcdefghijklmnopqrstuvwxyz>\r
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
To: "Person, One" <person@client.test>\r
Subject: A long subject that is folded over two lines, as those are that need more than\r
 one of them\r
Date: Tue, 10 Mar 2026 15:00:00 +0000\r
Message-ID: <0123456789abcdef0123456789abcdef@agency.test>\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
.A dot first  \r
Caf=C3=A9\r
\r
.\r
"""


def new_key(folder: Path, bits: int = 2048) -> tuple[Path, str]:
    """A key file, and the DNS record of its public half."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    file = folder / "dkim.pem"
    file.write_bytes(pem_of(key))
    file.chmod(0o600)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return file, f"v=DKIM1; k=rsa; h=sha256; p={base64.b64encode(public).decode()}"


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


@pytest.fixture(scope="module")
def signed_and_record(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    file, record = new_key(tmp_path_factory.mktemp("dkim"))
    return Signer(file, "s1", "agency.test").sign(MESSAGE), record


def is_good(message: bytes, record: str) -> bool:
    def dns(name: bytes, timeout: int = 5) -> bytes | None:
        return record.encode() if name == b"s1._domainkey.agency.test." else None

    return dkim.verify(message, dnsfunc=dns)


def opendkim_says(message: bytes, record: str, folder: Path) -> str:
    """What Sendmail's filter prints of a message, with its DNS taken from a file."""
    program = shutil.which("opendkim", path="/usr/sbin:/usr/bin")
    if program is None:
        skip_or_fail("opendkim is not installed (Debian: opendkim)")
    (folder / "dns.txt").write_text(f"s1._domainkey.agency.test {record}\n")
    (folder / "opendkim.conf").write_text(
        f"Mode v\nSocket inet:1@127.0.0.1\nTestDNSData {folder}/dns.txt\n"
        "AuthservID test\nUserID root\n"
    )
    (folder / "message.eml").write_bytes(message)
    command = [program, "-x", folder / "opendkim.conf", "-v", "-v", "-t", folder / "message.eml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_message_itself_is_unchanged(signed_and_record: tuple[bytes, str]) -> None:
    signed, _ = signed_and_record

    assert signed.endswith(MESSAGE)
    line = signed.removesuffix(MESSAGE)
    assert line.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=agency.test;")
    assert line.endswith(b"\r\n")
    assert b"\n" not in line.replace(b"\r\n", b"")
    assert max(map(len, line.split(b"\r\n"))) <= 78


def test_two_verifiers_find_it_good(signed_and_record: tuple[bytes, str], tmp_path: Path) -> None:
    signed, record = signed_and_record

    assert is_good(signed, record)
    assert "dkim=pass (2048-bit key" in opendkim_says(signed, record, tmp_path)


@pytest.mark.parametrize("name", SIGNED_HEADERS)
def test_every_covered_header_is_covered(
    signed_and_record: tuple[bytes, str], name: str, tmp_path: Path
) -> None:
    signed, record = signed_and_record
    changed = signed.replace(f"\r\n{name}: ".encode(), f"\r\n{name}: x".encode(), 1)

    assert changed != signed
    assert not is_good(changed, record)
    assert "dkim=pass" not in opendkim_says(changed, record, tmp_path)


@pytest.mark.parametrize("name", OVER_SIGNED)
def test_a_second_one_of_what_everybody_reads_breaks_it(
    signed_and_record: tuple[bytes, str], name: str, tmp_path: Path
) -> None:
    signed, record = signed_and_record
    added = f"{name}: something else\r\n".encode() + signed

    assert not is_good(added, record)
    assert "dkim=pass" not in opendkim_says(added, record, tmp_path)


def test_the_body_is_covered(signed_and_record: tuple[bytes, str], tmp_path: Path) -> None:
    signed, record = signed_and_record
    changed = signed.replace(b"Caf=C3=A9", b"Cafe")

    assert not is_good(changed, record)
    assert "dkim=pass" not in opendkim_says(changed, record, tmp_path)


def test_headers_that_are_not_there_are_not_claimed(tmp_path: Path) -> None:
    file, record = new_key(tmp_path)
    plain = b"From: hello@agency.test\r\nTo: a@client.test\r\nSubject: hi\r\n\r\nReply-To: me\r\n"

    signed = Signer(file, "s1", "Agency.test").sign(plain)

    assert is_good(signed, record)
    assert b"reply-to" not in signed.removesuffix(plain)


@pytest.mark.parametrize(
    "sender",
    [
        "hello@Agency.test",
        "Northside <hello@agency.test>",
        '"a@other.test, b" <hello@agency.test>',
        '"A very long name" \r\n <hello@agency.test>',
    ],
)
def test_without_a_domain_it_signs_as_the_from_address(tmp_path: Path, sender: str) -> None:
    file, record = new_key(tmp_path)
    message = f"Subject: @other.test\r\nFrom: {sender}\r\nTo: <x@third.test>\r\n\r\nhi\r\n"

    signed = Signer(file, "s1").sign(message.encode())

    assert b" d=agency.test;" in signed
    assert is_good(signed, record)


def test_what_comes_from_nobody_is_not_signed(tmp_path: Path) -> None:
    file, _ = new_key(tmp_path)

    with pytest.raises(FixConfiguration, match="sender's domain"):
        Signer(file, "s1").sign(b"Subject: hi\r\nFrom: nobody\r\n\r\na@agency.test\r\n")


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602])
def test_a_key_that_everybody_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file, _ = new_key(tmp_path)
    file.chmod(mode)

    with pytest.raises(FixConfiguration, match="everybody") as caught:
        Signer(file, "s1", "agency.test")

    assert f"chmod 600 {file}" in caught.value.next_step


@pytest.mark.parametrize("fault", ["missing", "empty", "text", "folder", "ec", "short", "cut"])
def test_an_unusable_key_is_told_without_showing_it(tmp_path: Path, fault: str) -> None:
    file, _ = new_key(tmp_path, 512 * 2 if fault == "cut" else 2048)
    secret = file.read_bytes()
    match fault:
        case "missing":
            file.unlink()
        case "empty":
            file.write_bytes(b"")
        case "text":
            file.write_bytes(b"--\nhello there\n--")
        case "folder":
            file = tmp_path
        case "ec":
            file.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))
        case "short":
            if shutil.which("openssl") is None:  # no library makes such a key any more
                skip_or_fail("openssl is not installed (Debian: openssl)")
            subprocess.run(
                ["openssl", "genrsa", "-out", file, "768"], check=True, capture_output=True
            )
        case _:
            file.write_bytes(secret[: len(secret) // 2] + b"\n--")

    with pytest.raises(FixConfiguration, match="AICMO_DKIM_KEY_FILE can't be used") as caught:
        Signer(file, "s1", "agency.test")

    told = str(caught.value) + caught.value.next_step
    assert all(line.decode() not in told for line in secret.splitlines())
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("selector", "domain"), [("", "agency.test"), ("s1;", "agency.test"),
                                                  ("s1", ""), ("s1", "a b"), ("s\n1", "a.test")])  # fmt: skip
def test_names_that_dns_cannot_hold_are_refused(tmp_path: Path, selector: str, domain: str) -> None:
    file, _ = new_key(tmp_path)

    with pytest.raises(FixConfiguration, match="DNS"):
        Signer(file, selector, domain)


def test_one_click_unsubscribing_is_covered(signed_and_record: tuple[bytes, str]) -> None:
    """RFC 8058 §4: without it, the headers may have been put there by anybody."""
    line = signed_and_record[0].removesuffix(MESSAGE)
    covered = b"".join(line.partition(b"h=")[2].partition(b";")[0].split()).split(b":")

    assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(covered)
