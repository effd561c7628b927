"""Shows that SES gets the approved bytes once, though boto3 would repeat, and what its errors mean.

Faults come from a scripted peer, the service itself from moto.
"""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import LivePermit, Outcome, Scope
from aicmo.gateways.ses import SesGateway
from tests.contract.gateway_contract import NOT_SENT, SENT, UNKNOWN, Mode, always, permit
from tests.contract.mail_api_contract import (
    ACCOUNT,
    COMMON,
    FOR_GOOD,
    FOR_NOW,
    PAYLOAD,
    MailApiContract,
    mode,
    outgoing,
    patience,
)
from tests.peers.http_exchange import Fault
from tests.peers.mail_api_peers import MailApiPeer, SesPeer
from tests.peers.moto_server import KEY_ID, REGION, SECRET, Moto, running_moto


def error(status: int, name: str, message: str = "person1@client.test: no") -> Fault:
    return Fault(status=status, headers={"x-amzn-ErrorType": name}, content={"message": message})


ACCOUNT_ERRORS = (
    "LimitExceededException", "SendingPausedException", "AccountSuspendedException",
    "MailFromDomainNotVerifiedException",
)  # fmt: skip


class TestSesGateway(MailApiContract):
    peer_type = SesPeer
    modes: ClassVar[Mapping[str, Mode]] = COMMON | {
        **{name: mode(error(400, name), ACCOUNT) for name in ACCOUNT_ERRORS},
        "no such configuration set": mode(error(404, "NotFoundException"), ACCOUNT),
        "TooManyRequestsException": mode(error(429, "TooManyRequestsException"), FOR_NOW),
        "Throttling": mode(error(400, "Throttling"), FOR_NOW),
        "MessageRejected": mode(error(400, "MessageRejected"), FOR_GOOD),
        "BadRequestException": mode(error(400, "BadRequestException"), FOR_GOOD),
        "in the sandbox": mode(
            error(400, "MessageRejected", "Email address is not verified."), ACCOUNT
        ),
        "a bad signature": mode(error(403, "InvalidSignatureException"), ACCOUNT),
        "an expired session": mode(error(403, "ExpiredTokenException"), ACCOUNT),
        "a name in a server's failure": mode(error(500, "MessageRejected"), UNKNOWN),
        "throttled by a server's failure": mode(error(503, "Throttling"), UNKNOWN),
    }

    def gateway(self, permit: LivePermit, peer: MailApiPeer) -> SesGateway:
        return open_gateway(permit, peer.base_url, times=patience(peer))


def open_gateway(permit: LivePermit, base_url: str, **changes: Any) -> SesGateway:
    options: dict[str, Any] = {"access_key_id": KEY_ID, "secret_access_key": SecretStr(SECRET)}
    return SesGateway(permit, REGION, base_url=base_url, **(options | changes))


def send(base_url: str, number: int = 1, **changes: Any) -> Outcome:
    with open_gateway(permit(), base_url, **changes) as gateway:
        return gateway.send(outgoing(number), always)


def test_ses_gets_the_approved_bytes_with_the_deliverys_tag() -> None:
    with SesPeer() as peer:
        outcome = send(peer.base_url, configuration_set="marketing")

    (head,), (fields,) = peer.heads, peer.sent
    assert outcome == Outcome(SENT, code="200", ref="M1")
    assert base64.b64decode(fields["Content"]["Raw"]["Data"]) == outgoing().payload
    assert fields["FromEmailAddress"] == "hello@agency.test"
    assert fields["Destination"] == {"ToAddresses": ["person1@client.test"]}
    assert fields["ConfigurationSetName"] == "marketing"
    assert fields["EmailTags"] == [{"Name": "delivery", "Value": outgoing().token}]
    assert f"Credential={KEY_ID}/" in head["authorization"]
    assert f"/{REGION}/ses/aws4_request" in head["authorization"]


def test_throttled_the_whole_account_waits() -> None:
    with SesPeer({1: error(400, "Throttling")}) as peer:
        outcome = send(peer.base_url)

    assert outcome.scope is Scope.RUN
    assert outcome.not_before


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with running_moto() as server:
        server.client().create_email_identity(EmailIdentity="agency.test")
        yield server


@pytest.mark.peer
def test_moto_takes_it_as_boto3_signs_it(moto: Moto) -> None:
    outcome = send(moto.base_url, 7)

    sent = [each for each in moto.sent() if "person7@client.test" in each[1]]
    assert outcome.kind is SENT
    assert [(each[0], each[2]) for each in sent] == [(outcome.ref, outgoing(7).payload.decode())]


@pytest.mark.peer
def test_moto_refuses_an_unknown_sender(moto: Moto) -> None:
    strange = PAYLOAD.replace(b"hello@agency.test", b"hello@stranger.test")
    with open_gateway(permit(), moto.base_url) as gateway:
        outcome = gateway.send(outgoing(8, payload=strange), always)

    assert outcome == Outcome(FOR_GOOD, code="400 MessageRejected")
    assert "person8@client.test" not in str(moto.sent())


def test_without_credentials_nothing_leaves_and_the_run_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with SesPeer() as peer:
        outcome = send(peer.base_url, access_key_id="", secret_access_key=None)

    assert (outcome.kind, outcome.scope) == (NOT_SENT, Scope.RUN)
    assert "NoCredentialsError" in outcome.detail
    assert peer.connections == 0


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SESV2"])
def test_the_environment_cannot_send_it_elsewhere(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SesPeer() as elsewhere, SesPeer() as peer:
        monkeypatch.setenv(name, elsewhere.base_url)
        assert send(peer.base_url).kind is SENT

    assert elsewhere.connections == 0


@pytest.mark.parametrize("region", ["", "eu-west-1.example.org/", "eu west 1", "EU-WEST-1", "x"])
def test_a_region_that_is_none_is_a_configuration_error(region: str) -> None:
    with pytest.raises(FixConfiguration, match="region"):
        SesGateway(permit(), region)


def test_no_other_host_is_spoken_to() -> None:
    with pytest.raises(FixConfiguration, match=r"isn't https://email\.eu-west-1\.amazonaws\.com"):
        open_gateway(permit(), "https://email.us-east-1.amazonaws.com")


def test_neither_secret_nor_message_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with SesPeer({2: error(400, "MessageRejected")}) as peer:
        shown = [repr(send(peer.base_url)), repr(send(peer.base_url))]

    for text in (caplog.text, *shown):
        assert SECRET not in text
        assert "person1" not in text
        assert "Signature=" not in text
