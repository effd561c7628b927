"""Log-ins in blocks: their fields have the names that the core's log-in has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect.blocks.core import Block
from pydantic import SecretStr

if TYPE_CHECKING:
    from aicmo.gateways.login import Login


def login_of(block: Block) -> Login:
    """What a block's form says, as a log-in."""
    from aicmo.gateways.login import Login  # noqa: PLC0415  (a live run only)

    given = {name: getattr(block, name) for name in _fields(type(block))}
    return Login.model_validate({name: _plain(value) for name, value in given.items()})


def block_of(block_type: type[Block], login: Login) -> Block:
    """The block that keeps a log-in, as far as its form has room for it."""
    return block_type(**{name: getattr(login, name) for name in _fields(block_type)})


def _fields(block_type: type[Block]) -> list[str]:
    from aicmo.gateways.login import Login  # noqa: PLC0415  (a live run only)

    return [name for name in block_type.model_fields if name in Login.model_fields]


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
