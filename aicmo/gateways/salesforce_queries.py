"""Questions to Salesforce in its query language, SOQL.

A query that is asked by itself stands in the URL, addresses and all. So it is asked as a part of a composite
request, whose body it stands in; that also counts as one request of the day's limit.

Facts: REST API Developer Guide, "Send Multiple Requests Using Composite" and "Query"; SOQL and SOSL
Reference, "Quoted String Escape Sequences".
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from aicmo.gateways.http_answers import Answer
from aicmo.gateways.json_shapes import an_object, objects

API_VERSION = "66.0"
DATA = f"/services/data/v{API_VERSION}"
COMPOSITE = f"{DATA}/composite"

QUERIES_PER_REQUEST = 5
_MORE = re.compile(r"/services/data/v[0-9.]+/query/[A-Za-z0-9-]+")
_ESCAPES = str.maketrans(
    {"\\": r"\\", "'": r"\'", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
)


def literal(text: str) -> str:
    """A text as it stands in a query: nothing in it can end it."""
    return f"'{text.translate(_ESCAPES)}'"


def select(fields: Sequence[str], sobject: str, condition: str) -> str:
    """The query for these fields, which the object has; texts in the condition are `literal`s."""
    return f"SELECT {', '.join(fields)} FROM {sobject} WHERE {condition}"  # noqa: S608


def is_one_of(field: str, values: Collection[str]) -> str:
    """The condition that a field has one of these values; at least one."""
    return f"{field} IN ({','.join(map(literal, sorted(values)))})"


def composite_of(queries: Sequence[str]) -> bytes:
    """The body of the composite request that asks these; at most `QUERIES_PER_REQUEST`.

    Every sign that isn't plain is encoded, so `@{…}` can't refer to another part of the request.
    """
    parts = [
        {"method": "GET", "url": f"{DATA}/query?q={quote(each, safe='')}", "referenceId": f"q{n}"}
        for n, each in enumerate(queries)
    ]
    return json.dumps({"allOrNone": False, "compositeRequest": parts}).encode()


def answers_of(content: Mapping[str, Any], count: int) -> list[Answer]:
    """The answer to each of so many queries of a composite request, in their order.

    Raises:
        TypeError, KeyError, ValueError: it isn't that of a composite request.
    """
    parts = {str(each["referenceId"]): each for each in objects(content["compositeResponse"])}
    return [
        Answer(
            int(parts[f"q{n}"]["httpStatusCode"]), {},
            json.dumps(parts[f"q{n}"]["body"]).encode(), is_whole=True,
        )
        for n in range(count)
    ]  # fmt: skip


def page_of(content: object) -> tuple[list[dict[str, Any]], str]:
    """The records of a page of a query's result, and the path of the next page; '' after the last.

    Raises:
        TypeError, KeyError, ValueError: it is something else.
    """
    page = an_object(content)
    more = "" if page["done"] is True else str(page["nextRecordsUrl"])
    records = objects(page["records"])
    if more and not (records and _MORE.fullmatch(more)):
        raise ValueError(more[:80])
    return records, more
