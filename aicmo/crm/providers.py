"""What differs from CRM to CRM before anything is asked: names of properties, and what a contact needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aicmo.plans.crm import CrmProvider, CrmSetup


@dataclass(frozen=True, slots=True)
class Provider:
    """A CRM, as projects use it without saying more.

    contact_id, delivery_id: the properties that AICMO makes for its own ids; '' where the CRM can't
        have such a one, so that contacts are matched by address alone.
    opt_out: its own yes-or-no property of who left; '' where it has none.
    required: properties that a contact can't be added without.
    ids_are_unique: the CRM refuses a second contact with the same `contact_id`; else it is only looked
        for by it, and two that have it are held.
    """

    title: str
    contact_id: str
    delivery_id: str
    opt_out: str
    required: tuple[str, ...] = ()
    ids_are_unique: bool = True


PROVIDERS: Mapping[CrmProvider, Provider] = {
    "hubspot": Provider("HubSpot", "aicmo_contact_id", "aicmo_delivery_id", "hs_email_optout"),
    "salesforce": Provider(
        "Salesforce", "AICMO_Contact_Id__c", "AICMO_Delivery_Id__c", "HasOptedOutOfEmail",
        required=("LastName",),
    ),
    "bottlecrm": Provider(
        "BottleCRM", "cf_aicmo_contact_id", "", "", required=("first_name", "last_name"),
        ids_are_unique=False,
    ),
}  # fmt: skip


def contact_id_of(setup: CrmSetup) -> str:
    """The unique property that keeps our id of a contact; '' where there is none."""
    return setup.contact_id or PROVIDERS[setup.provider].contact_id


def delivery_id_of(setup: CrmSetup) -> str:
    """The unique property of activities that keeps the delivery's token; '' where there is none."""
    return setup.delivery_id or PROVIDERS[setup.provider].delivery_id


def opt_out_of(setup: CrmSetup) -> str:
    """The yes-or-no property that says that a contact wants no email; '' where there is none."""
    return setup.opt_out or PROVIDERS[setup.provider].opt_out


def tags_of(setup: CrmSetup) -> str:
    """The property of several choices that tags are added to."""
    return setup.tags or "tags"
