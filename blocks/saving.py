"""`python -m blocks.saving`: keeps a log-in, given as JSON on stdin, in a block.

A program of its own, because the command line doesn't import Prefect. What it prints holds no secret.
"""

from __future__ import annotations

import json
import sys

from aicmo.gateways.login import Login
from blocks.account_login import block_of
from blocks.crm_credentials import CRM_BLOCKS
from blocks.social_credentials import SOCIAL_BLOCKS

_BLOCKS = {**SOCIAL_BLOCKS, **CRM_BLOCKS}


def main() -> int:
    """Status 0, and the block's name with its type; or 1, and why it couldn't be kept."""
    asked = json.load(sys.stdin)
    block_type = _BLOCKS[asked["network"]]
    try:
        block = block_of(block_type, Login.from_bytes(asked["login"].encode()))
        block.save(asked["name"], overwrite=True)
    except Exception as error:  # noqa: BLE001  (the text of any error may hold what was given)
        sys.stdout.write(f"Prefect doesn't take the block {asked['name']}: {type(error).__name__}")
        return 1
    sys.stdout.write(f"{block_type.get_block_type_slug()}/{asked['name']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
