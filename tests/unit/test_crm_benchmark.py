"""The benchmark of CRMs counts at the peer: what is missing there is lost, what stands twice is doubled."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks import crm_sync


def test_what_is_told_is_what_the_peer_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(crm_sync, "QUICK_SIZE", 250)
    monkeypatch.setattr(crm_sync, "QUICK_ONE_BY_ONE", 5)
    monkeypatch.setattr(sys, "argv", ["crm_sync", "--quick", "--json"])

    crm_sync.main()

    told = json.loads(capsys.readouterr().out)
    ours = told["without_faults"]["batched"]
    assert (told["lost"], told["doubled"], ours["contacts"], ours["waiting"]) == (0, 0, 250, 0)
    assert ours["requests"] < 20
    assert told["ratio_to_one_by_one"] > 0


def test_a_contact_that_is_missing_or_stands_twice_is_counted() -> None:
    class Peer(crm_sync.Peer):
        def __init__(self) -> None:
            pass

        def ask(self, question: str) -> dict[str, object]:
            del question
            there = [{"email": "a@x.example", "firstname": "A"}] * 2
            return {"requests": 3, "contacts": there}

    told = crm_sync._told(Peer(), {"a@x.example": "A", "b@x.example": "B"}, 1.0)
    assert (told["lost"], told["doubled"]) == (1, 1)
