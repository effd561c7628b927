"""The placeholder language of email copy: `{{ contact.NAME }}`, with or without a default.

Checked at import and filled in by `aicmo.gateways.personalisation`: one grammar for both.
"""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(
    r"""\{\{\s* contact\.(?P<name>[a-z][a-z0-9_]{0,39}) \s*
        (?:\|\s* default\(\s*"(?P<default>[^"{}\n]*)"\s*\) \s*)? \}\}""",
    re.VERBOSE,
)
OWN_FIELDS = frozenset({"name", "first_name", "email"})
"""What a placeholder may name besides the contact's attributes."""
