"""Postfix and Dovecot on loopback ports of their own; nothing of the machine's own mail is touched.

Postfix takes mail for submission and as the MX of two domains, and hands all else to `next_hop`.
Dovecot keeps the mailboxes, shows them by IMAP and checks passwords. Both need root, as they give
their parts other users; both end with the tests, also when those are killed.
"""

from __future__ import annotations

import imaplib
import os
import shutil
import smtplib
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from aicmo.smtp_relay import SmtpRelay, TlsMode
from tests.peers.certificates import Authority
from tests.peers.children import running
from tests.peers.missing import skip_or_fail
from tests.peers.postgres_server import free_port
from tests.peers.smtp_peer import Script, SmtpPeer

USER, PASSWORD = "agency@agency.test", "s3cret/of:post"
LARGEST = 1024 * 1024
REFUSED_AT_THE_RELAY = {
    "tempfail@client.test": "451 4.3.0 try again later",
    "full@client.test": "452 4.2.2 mailbox full",
    "blocked@client.test": "550 5.7.1 blocked by policy",
}
REFUSED_AT_THE_NEXT_HOP = {
    "gone@remote.test": "550 5.1.1 <gone@remote.test> no such user here",
    "policy@remote.test": "550 5.7.1 not wanted",
    "busy@remote.test": "451 4.3.2 not now",
}
_MASTER = """\
127.0.0.1:{submission} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
127.0.0.1:{implicit} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
127.0.0.1:{mx} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mail.agency.test
mydestination =
mynetworks = 127.0.0.2/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
recipient_delimiter = +
virtual_mailbox_domains = agency.test, client.test
virtual_mailbox_maps = texthash:{folder}/postfix/boxes
virtual_transport = lmtp:unix:{folder}/dovecot/lmtp
transport_maps = texthash:{folder}/postfix/transport
message_size_limit = {largest}
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {certificate}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_received_header = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/dovecot/sasl
smtpd_error_sleep_time = 0
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/postfix/refused,
  permit_sasl_authenticated, reject_unauth_destination
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
bounce_queue_lifetime = 15s
maximal_queue_lifetime = 15s
queue_run_delay = 5s
minimal_backoff_time = 5s
maximal_backoff_time = 5s
smtp_tls_security_level = none
smtp_dns_support_level = disabled
"""
_DOVECOT = """\
base_dir = {folder}/dovecot/run
state_dir = {folder}/dovecot/state
protocols = imap lmtp
listen = 127.0.0.1
log_path = {folder}/dovecot.log
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
default_login_user = dovenull
default_internal_user = dovecot
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener {folder}/dovecot/sasl {{
    mode = 0666
  }}
}}
service lmtp {{
  unix_listener {folder}/dovecot/lmtp {{
    mode = 0666
  }}
}}
"""
_PORTS = ("submission", "implicit", "mx", "imap", "imaps")
_START_SECONDS = 30


@dataclass(frozen=True)
class MailServers:
    """The running pair; `ca_file` holds the authority that vouches for both.

    Every address at agency.test and client.test has a mailbox, with its address as the user name
    and PASSWORD; `name+anything@` arrives in that of `name@`.
    """

    folder: Path
    ca_file: Path
    ports: Mapping[str, int]
    next_hop: SmtpPeer

    def relay(self, tls: TlsMode = "starttls", *, password: str = PASSWORD) -> SmtpRelay:
        """For submission, logged in; `none` is the MX port, where nobody logs in."""
        port = {"starttls": "submission", "implicit": "implicit", "none": "mx"}[tls]
        if tls == "none":
            return SmtpRelay("127.0.0.1", self.ports[port], tls)
        return SmtpRelay("127.0.0.1", self.ports[port], tls, USER, SecretStr(password))

    def smtp_url(self, tls: TlsMode = "starttls") -> str:
        relay = self.relay(tls)
        login = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@" if relay.username else ""
        return f"smtp://{login}127.0.0.1:{relay.port}?tls={tls}"

    def imap_url(self, mailbox: str, folder: str = "INBOX", *, password: str = PASSWORD) -> str:
        login = f"{quote(mailbox, safe='')}:{quote(password, safe='')}"
        return f"imaps://{login}@127.0.0.1:{self.ports['imaps']}/{folder}"

    def imap_starttls_url(self, mailbox: str) -> str:
        login = f"{quote(mailbox, safe='')}:{quote(PASSWORD, safe='')}"
        return f"imap://{login}@127.0.0.1:{self.ports['imap']}/INBOX?tls=starttls"

    @contextmanager
    def imap(self, mailbox: str) -> Iterator[imaplib.IMAP4]:
        """Logged in to a mailbox, its INBOX selected."""
        context = ssl.create_default_context(cafile=self.ca_file)
        with imaplib.IMAP4_SSL(
            "127.0.0.1", self.ports["imaps"], ssl_context=context, timeout=10
        ) as client:
            client.login(mailbox, PASSWORD)
            client.select("INBOX")
            yield client

    def messages(self, mailbox: str) -> list[bytes]:
        """What is in the INBOX of a mailbox, oldest first."""
        with self.imap(mailbox) as client:
            numbers = client.search(None, "ALL")[1][0].split()
            found = [client.fetch(each.decode(), "(BODY.PEEK[])")[1][0] for each in numbers]
        return [part[1] for part in found if isinstance(part, tuple)]

    def wait_for(
        self, mailbox: str, is_it: Callable[[bytes], bool], *, seconds: float = 60
    ) -> bytes:
        """The first message of a mailbox that `is_it`, as soon as it is there."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for message in self.messages(mailbox):
                if is_it(message):
                    return message
            time.sleep(0.2)
        raise AssertionError(f"no such message came to {mailbox}:\n{self.logs()}")

    def deliver(self, mailbox: str, message: bytes, *, sender: str = "") -> None:
        """Brings a message to a mailbox by the MX port, as anybody on the internet could."""
        with smtplib.SMTP("127.0.0.1", self.ports["mx"], timeout=10) as client:
            client.sendmail(sender, [mailbox], message)

    def logs(self) -> str:
        files = [self.folder / "postfix.log", self.folder / "dovecot.log"]
        return "\n".join(each.read_text(errors="replace") for each in files if each.exists())


@contextmanager
def running_mail_servers() -> Iterator[MailServers]:
    """Both servers and a next hop; skips the test where they can't be started."""
    _require_programs()
    with (
        tempfile.TemporaryDirectory(prefix="aicmo-mail-") as name,
        SmtpPeer(Script(recipients=REFUSED_AT_THE_NEXT_HOP)) as next_hop,
    ):
        folder = Path(name)
        authority = Authority(folder)
        ports = {each: free_port() for each in _PORTS}
        servers = MailServers(folder, authority.ca_file, ports, next_hop)
        _write_configuration(servers, authority.server_file())
        log = (folder / "start.log").open("w")
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        with (
            log,
            running(["dovecot", "-F", "-c", folder / "dovecot/dovecot.conf"], **quiet),
            # A session of its own: it ends its parts by ending its process group.
            running(_master(folder / "postfix"), start_new_session=True, **quiet) as postfix,
            _ended_with_us(postfix.pid),
        ):
            _wait_until_ready(servers)
            yield servers


def _require_programs() -> None:
    missing = [each for each in ("postfix", "dovecot") if shutil.which(each) is None]
    if missing or not Path("/usr/lib/dovecot/lmtp").exists():
        skip_or_fail(
            "Postfix and Dovecot are not installed (Debian: postfix dovecot-imapd dovecot-lmtpd)"
        )
    if os.geteuid() != 0:
        skip_or_fail("Postfix and Dovecot can only be started by root")


def _write_configuration(servers: MailServers, certificate: Path) -> None:
    folder = servers.folder
    folder.chmod(0o755)  # their parts run as users of their own
    for name in ("postfix", "spool", "data", "dovecot", "mail"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", "mail", "mail")
    values = {
        "folder": folder, "certificate": certificate, "largest": LARGEST, "password": PASSWORD,
        **servers.ports,
    }  # fmt: skip
    postfix, dovecot = folder / "postfix", folder / "dovecot"
    (postfix / "main.cf").write_text(_MAIN.format(**values))
    (postfix / "master.cf").write_text(_MASTER.format(**values))
    (postfix / "boxes").write_text("@agency.test here\n@client.test here\n")
    refused = "".join(f"{who} {reply}\n" for who, reply in REFUSED_AT_THE_RELAY.items())
    (postfix / "refused").write_text(refused)
    (postfix / "transport").write_text(
        f"remote.test smtp:[127.0.0.1]:{servers.next_hop.relay.port}\n"
    )
    (dovecot / "dovecot.conf").write_text(_DOVECOT.format(**values))


def _master(configuration: Path) -> list[str | Path]:
    """What `postfix start-fg` would leave to a shell, which dies without it."""
    subprocess.run(["postfix", "-c", configuration, "check"], check=True, capture_output=True)
    asked = ["postconf", "-c", configuration, "-h", "daemon_directory"]
    found = subprocess.run(asked, check=True, capture_output=True, text=True)
    return [Path(found.stdout.strip()) / "master", "-c", configuration, "-s"]


@contextmanager
def _ended_with_us(pid: int) -> Iterator[None]:
    """Postfix changes users, upon which the kernel no longer ends it with its parent."""
    command = ["sh", "-c", 'read _; kill "$0"', str(pid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watcher:
        try:
            yield
        finally:
            watcher.terminate()


def _wait_until_ready(servers: MailServers) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            servers.messages("postmaster@agency.test")
            with smtplib.SMTP("127.0.0.1", servers.ports["mx"], timeout=5):
                return
        except (OSError, imaplib.IMAP4.error):
            started = (servers.folder / "start.log").read_text()
            assert time.monotonic() < until, f"they didn't start:\n{started}\n{servers.logs()}"
            time.sleep(0.05)
