"""A safety variable that nobody can read means the safe side, and is reported."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from aicmo.errors import FixConfiguration
from aicmo.redaction import describe
from aicmo.settings import (
    ExecutionConfig,
    get_execution_config,
    get_settings,
    read_execution_config,
)
from aicmo.smtp_relay import parse_smtp_url

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
CHANNELS = {"email", "linkedin", "instagram", "twitter", "bluesky", "mastodon", "crm"}


def test_nothing_set_allows_nothing_but_a_preview_of_email() -> None:
    assert get_execution_config() == ExecutionConfig(
        execution_enabled=False, dry_run=True, channels_enabled=["email"]
    )


@given(st.text(), st.text())
@example("True ", " OFF")
@example("ture", "fasle")
@example("TRUE\x00", "ｆａｌｓｅ")
def test_only_exact_words_turn_a_safety_key(enabled: str, dry_run: str) -> None:
    config = read_execution_config(enabled, dry_run, None)
    assert config.execution_enabled == (enabled.strip().lower() in TRUE)
    assert config.dry_run == (dry_run.strip().lower() not in FALSE)
    for name, value in (("EXECUTION_ENABLED", enabled), ("EXECUTION_DRY_RUN", dry_run)):
        readable = value.strip().lower() in TRUE | FALSE | {""}
        assert any(problem.startswith(f"{name} ") for problem in config.problems) != readable


@given(st.one_of(st.text(), st.lists(st.sampled_from([*CHANNELS, "x", "fax"])).map(",".join)))
@example('["email", "X"]')
@example("[email")
def test_channels_are_known_ones_or_reported(value: str) -> None:
    config = read_execution_config("true", "false", value)
    assert set(config.channels_enabled) <= CHANNELS
    named = {part.strip() for part in value.split(",") if part.strip()}
    if not config.channels_enabled or len(named) > len(config.channels_enabled) + ("x" in named):
        assert config.problems


@pytest.mark.parametrize(
    ("value", "channels"),
    [(" Email , X ", ["email", "twitter"]), ("CRM", ["crm"]), ("email,email", ["email"]), ("", [])],
)
def test_channel_names_are_trimmed_and_case_insensitive(value: str, channels: list[str]) -> None:
    assert read_execution_config(None, None, value).channels_enabled == channels


def test_a_misspelt_variable_name_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECUTION_DRYRUN", "false")
    config = get_execution_config()
    assert config.dry_run
    assert "EXECUTION_DRYRUN is not a variable of AICMO" in config.problems[0]


NAMES = ("EXECUTION_ENABLED", "EXECUTION_DRY_RUN", "EXECUTION_CHANNELS")


@st.composite
def misspelt_names(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from([*NAMES, "EXECUTION_ENABLE", "EXECUTION_DRYRUN", "EXECUTION_"]))
    lower = draw(st.lists(st.booleans(), min_size=len(name), max_size=len(name)))
    return "".join(each.lower() if low else each for each, low in zip(name, lower, strict=True))


@given(name=misspelt_names(), value=st.sampled_from(["true", "off", "crm"]), in_file=st.booleans())
@example(name="execution_enabled", value="true", in_file=True)
@example(name="execution_enabled", value="true", in_file=False)
@example(name="Execution_Dry_Run", value="off", in_file=False)
def test_only_the_exact_name_of_a_safety_variable_counts(
    name: str, value: str, *, in_file: bool
) -> None:
    assume(name not in NAMES)
    Path(".env").unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_ENABLED", "false")
        if in_file:
            Path(".env").write_text(f"{name}={value}\n")
        else:
            patch.setenv(name, value)
        config = get_execution_config()
    Path(".env").unlink(missing_ok=True)
    assert (config.execution_enabled, config.dry_run) == (False, True)
    assert config.channels_enabled == ["email"]
    assert config.problems[0].startswith(f"{name} is not a variable of AICMO and is ignored")


def test_an_env_file_that_can_not_be_read_allows_nothing() -> None:
    Path(".env").write_bytes(b"EXECUTION_ENABLED=true\nEXECUTION_CHANNELS=\xff\n")
    config = get_execution_config()
    assert not config.execution_enabled
    assert "can't be read" in config.problems[0]


def test_an_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("EXECUTION_ENABLED=true\nEXECUTION_CHANNELS=crm\n")
    monkeypatch.setenv("EXECUTION_CHANNELS", "email")
    config = get_execution_config()
    assert (config.execution_enabled, config.channels_enabled) == (True, ["email"])


def test_secrets_never_show_in_a_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_SMTP_URL", "smtp://user:canary-pass@mail.example.com")
    monkeypatch.setenv("AICMO_SECRET_KEY", "canary-key-" * 4)
    settings = get_settings()
    shown = f"{settings!r} {settings} {settings.require_smtp_relay()!r}"
    assert "canary" not in shown


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_the_store_s_secrets_are_in_no_error_text(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "canary/of+the=store")
    assert "canary" not in repr(get_settings())
    assert describe(OSError("boto said canary/of+the=store")) == "boto said ***"


def test_a_secret_that_begins_like_another_leaves_no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_SECRET_KEY", "shared-beginning")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "shared-beginning-and-canary")
    assert describe(OSError("got shared-beginning-and-canary")) == "got ***"


def test_an_error_that_can_not_say_what_it_is_gets_its_name() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert describe(MuteError()) == "MuteError"
    assert describe(DBAPIError("SELECT 1", {}, Exception(""))) == "the database refused: Exception"


@pytest.mark.parametrize("key", [None, "", "short"])
def test_a_missing_or_short_key_names_the_variable(
    key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key is not None:
        monkeypatch.setenv("AICMO_SECRET_KEY", key)
    with pytest.raises(FixConfiguration, match="AICMO_SECRET_KEY") as caught:
        get_settings().require_secret_key()
    assert "`aicmo init`" in caught.value.next_step


def test_smtp_url_parts_are_decoded() -> None:
    relay = parse_smtp_url("smtp://us%40er:p%2Fw@mail.example.com:2525?tls=none")
    assert (relay.host, relay.port, relay.tls) == ("mail.example.com", 2525, "none")
    assert (relay.username, relay.password.get_secret_value()) == ("us@er", "p/w")


def test_a_relays_rate_limits_are_read_from_its_url() -> None:
    relay = parse_smtp_url("smtp://mail.example.com?rate=100/minute,2000/day")
    assert relay.rates == ((100, timedelta(minutes=1)), (2000, timedelta(days=1)))


def test_what_a_relay_takes_is_read_from_its_url() -> None:
    relay = parse_smtp_url(
        "smtp://mail.example.com?connections=8&per_connection=50&per_second=20"
        "&per_domain=2/second&auth=xoauth2&dsn=success"
    )
    assert (relay.connections, relay.per_connection, relay.per_second) == (8, 50, 20)
    assert (relay.per_domain, relay.auth) == ((2, timedelta(seconds=1)), "xoauth2")
    assert relay.dsn_success


def test_a_relay_that_says_nothing_gets_few_connections_and_no_pace() -> None:
    relay = parse_smtp_url("smtp://mail.example.com")
    assert (relay.connections, relay.per_connection, relay.per_second) == (4, 100, 0)
    assert (relay.per_domain, relay.auth, relay.dsn_success) == (None, None, False)


@pytest.mark.parametrize(
    "option",
    ["rate=fast", "rate=0/minute", "rate=5/month", "rates=5/day", "connections=0",
     "connections=51", "connections=", "connections=-1", "per_connection=0", "per_second=0.5",
     "per_domain=2", "per_domain=", "auth=cram-md5", "auth=", "dsn=failure", "dsn="],
)  # fmt: skip
def test_a_limit_that_cant_be_read_is_never_ignored(option: str) -> None:
    with pytest.raises(FixConfiguration, match="AICMO_SMTP_URL can't be read"):
        parse_smtp_url(f"smtp://mail.example.com?{option}")


@pytest.mark.parametrize(("tls", "port"), [("implicit", 465), ("starttls", 587)])
def test_smtp_port_follows_tls(tls: str, port: int) -> None:
    assert parse_smtp_url(f"smtp://mail.example.com?tls={tls}").port == port


@pytest.mark.parametrize(
    "url",
    ["", "mail.example.com", "http://h", "smtp://", "smtp://h:99999", "smtp://h?tls=maybe",
     "smtp://u:canary@h:port"],
)  # fmt: skip
def test_a_bad_smtp_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(FixConfiguration, match="AICMO_SMTP_URL") as caught:
        parse_smtp_url(url)
    assert "canary" not in str(caught.value)
