"""The only reader of the environment (and of a `.env` file in the working folder).

Safety variables are fail-safe: a value or a name nobody knows means the safe side, and is reported
in `ExecutionConfig.problems`.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from aicmo.channels import Channel, parse_channel
from aicmo.errors import FixConfiguration
from aicmo.smtp_relay import Rate, SmtpRelay, parse_rates, parse_smtp_url

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_SAFETY_NAMES = ("EXECUTION_ENABLED", "EXECUTION_DRY_RUN", "EXECUTION_CHANNELS")
_PLAIN_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?")


class Settings(BaseSettings):
    """Everything the environment says; secrets are `SecretStr`."""

    # Without case_sensitive, `execution_enabled=true` would win over `EXECUTION_ENABLED=false`.
    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", hide_input_in_errors=True, case_sensitive=True
    )

    database_url: str = Field("sqlite:///.aicmo/aicmo.db", validation_alias="AICMO_DATABASE_URL")
    smtp_url: SecretStr | None = Field(None, validation_alias="AICMO_SMTP_URL")
    resend_api_key: SecretStr | None = Field(None, validation_alias="AICMO_RESEND_API_KEY")
    postmark_server_token: SecretStr | None = Field(
        None, validation_alias="AICMO_POSTMARK_SERVER_TOKEN"
    )
    postmark_stream: str = Field("broadcast", validation_alias="AICMO_POSTMARK_STREAM")
    ses_region: str = Field("", validation_alias="AICMO_SES_REGION")
    ses_configuration_set: str = Field("", validation_alias="AICMO_SES_CONFIGURATION_SET")
    email_rate: str = Field("", validation_alias="AICMO_EMAIL_RATE")
    crm_rate: str = Field("", validation_alias="AICMO_CRM_RATE")
    dkim_key_file: Path | None = Field(None, validation_alias="AICMO_DKIM_KEY_FILE")
    dkim_selector: str = Field("", validation_alias="AICMO_DKIM_SELECTOR")
    journal_address: str = Field("", validation_alias="AICMO_JOURNAL_ADDRESS")
    journal_url: SecretStr | None = Field(None, validation_alias="AICMO_JOURNAL_URL")
    feedback_url: SecretStr | None = Field(None, validation_alias="AICMO_FEEDBACK_URL")
    test_recipients: str = Field("", validation_alias="AICMO_TEST_RECIPIENTS")
    packages_url: str = Field("", validation_alias="AICMO_PACKAGES_URL")
    packages_encryption: Literal["", "AES256", "aws:kms"] = Field(
        "", validation_alias="AICMO_PACKAGES_ENCRYPTION"
    )
    serve_url: str = Field("", validation_alias="AICMO_SERVE_URL")
    output_dir: Path = Field(Path(".aicmo/output"), validation_alias="AICMO_OUTPUT_DIR")
    secret_key: SecretStr | None = Field(None, validation_alias="AICMO_SECRET_KEY")
    aws_secret_access_key: SecretStr | None = Field(None, validation_alias="AWS_SECRET_ACCESS_KEY")
    aws_session_token: SecretStr | None = Field(None, validation_alias="AWS_SESSION_TOKEN")
    execution_enabled: str | None = Field(None, validation_alias="EXECUTION_ENABLED")
    execution_dry_run: str | None = Field(None, validation_alias="EXECUTION_DRY_RUN")
    execution_channels: str | None = Field(None, validation_alias="EXECUTION_CHANNELS")

    def secrets(self) -> list[SecretStr]:
        """Every secret that the environment holds, also those that a library reads by itself."""
        found = [
            self.smtp_url,
            self.resend_api_key,
            self.postmark_server_token,
            self.journal_url,
            self.feedback_url,
            self.secret_key,
            self.aws_secret_access_key,
            self.aws_session_token,
        ]
        with suppress(FixConfiguration):
            found.append(self.require_smtp_relay().password)
        found += [_password_in(url) for url in (self.journal_url, self.feedback_url) if url]
        return [each for each in found if each is not None]

    def packages_folder_or_url(self) -> str:
        """Where packages go: the URL, or `.aicmo/packages` under the working folder."""
        return self.packages_url or Path(".aicmo/packages").resolve().as_uri()

    def require_serve_url(self) -> str:
        """The public address of `aicmo serve`, without a slash at its end.

        Raises:
            FixConfiguration: AICMO_SERVE_URL is unset, or no plain https:// address.
        """
        url = self.serve_url.rstrip("/")
        if not _PLAIN_HTTPS.fullmatch(url):
            raise FixConfiguration(
                f"AICMO_SERVE_URL is {'no plain https:// address' if url else 'not set'}",
                next_step="Set it to where your proxy puts `aicmo serve`: https://mail.example.com.",
            )
        return url

    def require_secret_key(self) -> bytes:
        """The key of all HMACs and tokens.

        Raises:
            FixConfiguration: AICMO_SECRET_KEY is unset or shorter than 32 characters.
        """
        key = self.secret_key.get_secret_value() if self.secret_key else ""
        if len(key) < 32:  # noqa: PLR2004  (NIST SP 800-107 §5.3.4: at least the strength wanted)
            if key:
                raise FixConfiguration(
                    "AICMO_SECRET_KEY is shorter than 32 characters",
                    next_step="Use the one that `aicmo init` wrote, or 32 random characters.",
                )
            raise FixConfiguration(
                "AICMO_SECRET_KEY is not set",
                next_step="`aicmo init` writes one into .env; keep it: it ties opt-outs to people.",
            )
        return key.encode()

    def email_rates(self) -> tuple[Rate, ...]:
        """What AICMO_EMAIL_RATE says an HTTP mail provider takes in each span.

        Raises:
            FixConfiguration: it can't be read.
        """
        return _rates("AICMO_EMAIL_RATE", self.email_rate)

    def crm_rates(self) -> tuple[Rate, ...]:
        """How many contacts AICMO_CRM_RATE lets be changed in each span.

        Raises:
            FixConfiguration: it can't be read.
        """
        return _rates("AICMO_CRM_RATE", self.crm_rate)

    def require_smtp_relay(self) -> SmtpRelay:
        """The relay of AICMO_SMTP_URL.

        Raises:
            FixConfiguration: it is unset or can't be read.
        """
        if self.smtp_url is None:
            raise FixConfiguration(
                "AICMO_SMTP_URL is not set",
                next_step="Set it to smtp://user:password@host:587?tls=starttls.",
            )
        return parse_smtp_url(self.smtp_url.get_secret_value())


def _password_in(url: SecretStr) -> SecretStr:
    try:
        return SecretStr(unquote(urlsplit(url.get_secret_value()).password or ""))
    except ValueError:
        return url


@dataclass(frozen=True)
class ExecutionConfig:
    """What the environment allows. The default allows nothing but a preview of email."""

    execution_enabled: bool = False
    dry_run: bool = True
    channels_enabled: list[str] = field(default_factory=lambda: [Channel.EMAIL.value])
    problems: tuple[str, ...] = ()


def get_settings() -> Settings:
    """The settings of this moment.

    Raises:
        FixConfiguration: a value can't be read; the text names the variable, never its value.
    """
    try:
        return Settings()  # pyright: ignore[reportCallIssue]
    except (ValueError, OSError) as error:
        raise FixConfiguration(f"The environment can't be read: {error}") from None


def state_folder() -> Path:
    """Where this user's programs keep what must survive a restart (XDG Base Directory 0.8)."""
    home = os.environ.get("XDG_STATE_HOME", "")
    return (Path(home) if home else Path.home() / ".local" / "state") / "aicmo"


def get_execution_config() -> ExecutionConfig:
    """The environment's side of the gate; never raises."""
    try:
        settings = get_settings()
    except FixConfiguration as error:
        return ExecutionConfig(problems=(str(error),))
    return read_execution_config(
        settings.execution_enabled, settings.execution_dry_run, settings.execution_channels
    )


def read_execution_config(
    enabled: str | None, dry_run: str | None, channels: str | None
) -> ExecutionConfig:
    """`ExecutionConfig` from the raw values of the three safety variables."""
    problems = _unknown_safety_names()
    flag_enabled = _read_flag("EXECUTION_ENABLED", enabled, safe=False, problems=problems)
    flag_dry_run = _read_flag("EXECUTION_DRY_RUN", dry_run, safe=True, problems=problems)
    names = _read_channels(channels, problems)
    return ExecutionConfig(flag_enabled, flag_dry_run, names, tuple(problems))


def _unknown_safety_names() -> list[str]:
    names = {*os.environ, *dotenv_values(".env")}
    return [
        f"{name} is not a variable of AICMO and is ignored; "
        f"the EXECUTION_ variables are {', '.join(_SAFETY_NAMES)}"
        for name in sorted(names)
        if name.upper().startswith("EXECUTION_") and name not in _SAFETY_NAMES
    ]


def _read_flag(name: str, value: str | None, *, safe: bool, problems: list[str]) -> bool:
    plain = (value or "").strip().lower()
    if plain in _TRUE:
        return True
    if plain in _FALSE:
        return False
    if plain:
        problems.append(
            f"{name} has a value that is neither true nor false; {str(safe).lower()} is used"
        )
    return safe


def _read_channels(value: str | None, problems: list[str]) -> list[str]:
    if value is None:
        return [Channel.EMAIL.value]
    names = _split_names(value)
    if not names:
        problems.append("EXECUTION_CHANNELS names no channel, so none is enabled")
    known: list[str] = []
    for name in names:
        channel = parse_channel(name)
        if channel is None:
            problems.append(f"EXECUTION_CHANNELS names an unknown channel: {name[:40]!r}")
        elif channel.value not in known:
            known.append(channel.value)
    return known


def _split_names(value: str) -> list[str]:
    if value.strip().startswith("["):
        try:
            parts = [str(part) for part in json.loads(value)]
        except ValueError:
            parts = [value]
    else:
        parts = value.split(",")
    return [part.strip() for part in parts if part.strip()]


def _rates(variable: str, text: str) -> tuple[Rate, ...]:
    try:
        return parse_rates(text)
    except ValueError as error:
        raise FixConfiguration(
            f"{variable} can't be read: {error}", next_step="Write it as 10/second, 20000/day."
        ) from None
