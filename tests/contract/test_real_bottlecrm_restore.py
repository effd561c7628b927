"""What a run overwrote in BottleCRM's own server is put back, and consent goes to and fro."""

from __future__ import annotations

from typing import Any

import pytest

from aicmo.execution.contacts import suppress
from aicmo.execution.crm_consent import read_consent
from aicmo.execution.crm_opt_outs import tell_consent
from aicmo.execution.crm_putting_back import Fate
from aicmo.execution.crm_restoring import approve_restore, ask_restore, read_back
from tests.conftest import KEY
from tests.contract.test_real_bottlecrm_runs import CONFIG, Project, person, project
from tests.peers.lossy_proxy import Loss, lossy_proxy
from tests.projects import NOW, email
from tests.unit.crm_projects import change, connect, import_crm
from tests.unit.departures import hmac_of

__all__ = ["project"]
pytestmark = pytest.mark.peer


def test_former_values_come_back_also_after_a_lost_answer(project: Project) -> None:
    project.crm.add(email="person1@example.com", first_name="Ann", last_name="Adams")
    second = project.crm.add(email="person2@example.com", first_name="Bob", last_name="Brown")
    project.plan(change(), people=[person(1), person(2), person(3)])
    lost = Loss("lost", "PATCH", "/api/contacts/", number=1)
    with lossy_proxy(project.crm.user.url, lost) as proxy:
        project.run(project.opens(proxy.url))
    project.ask()
    assert project.states()["crm-1"] == {"sent": 3}
    project.crm.edit(second, last_name="Black")

    looked = read_back(project.database, "studio", 1, project.opens)
    fates = [
        (each.name, each.fate)
        for fields in looked.fields.values()
        for each in fields
        if each.name in ("first_name", "last_name")
    ]
    asked = ask_restore(project.database, "studio", 1, by="Ann")
    done = approve_restore(project.database, "studio", 1, CONFIG, project.opens, by="Ben")

    assert sorted(fates) == [
        ("first_name", Fate.PUT_BACK), ("first_name", Fate.PUT_BACK),
        ("last_name", Fate.PUT_BACK), ("last_name", Fate.STAYS),
    ]  # fmt: skip
    assert (asked, [each.wish.state for each in done]) == (2, ["restored", "restored"])
    names = {
        each["email"]: (each["first_name"], each["last_name"]) for each in project.crm.contacts()
    }
    assert names == {
        "person1@example.com": ("Ann", "Adams"),
        "person2@example.com": ("Bob", "Black"),
        "person3@example.com": ("Person3", "Größe 3"),
    }


def test_consent_goes_both_ways(project: Project) -> None:
    """BottleCRM has no property of its own that says who left; the client's field is named."""
    project.crm.add_field("no_email", "checkbox")
    project.crm.add(email="person1@example.com", first_name="Ann")
    told = project.crm.add(email="person2@example.com", first_name="Bob")
    gone = project.crm.add(email="person3@example.com", first_name="Cleo")
    project.crm.edit(gone, custom_fields={"no_email": True})
    setup: dict[str, Any] = {"provider": "bottlecrm", "fields": [], "stages": None}
    import_crm(
        project.database, email(), change("note", "log_activity", note="Hello"), **setup,
        contacts=[person(1), person(2), person(3)], consent="both", opt_out="cf_no_email",
    )  # fmt: skip
    connect(project.database, "bottlecrm", project.crm.account.identity)
    with project.database.write() as session:
        suppress(session, "studio", hmac_of(2), "unsubscribed", NOW)

    read = read_consent(project.database, "studio", KEY, project.opens, by="Ann")
    asked = tell_consent(project.database, "studio", CONFIG, project.opens, by="Ann")
    again = tell_consent(project.database, "studio", CONFIG, project.opens, by="Ann")

    assert (read.left, asked.told, again.asked) == (("c3",), ("c2",), ())
    assert project.crm.contact(told)["custom_fields"]["no_email"] is True
