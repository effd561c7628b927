"""The block that a CRM is changed through, named with its type."""

from __future__ import annotations

from collections.abc import Mapping

from aicmo.errors import FixConfiguration
from blocks.bottlecrm_credentials import BottleCrmCredentials
from blocks.hubspot_credentials import HubSpotCredentials
from blocks.salesforce_credentials import SalesforceCredentials

CrmCredentials = HubSpotCredentials | SalesforceCredentials | BottleCrmCredentials

CRM_BLOCKS: Mapping[str, type[CrmCredentials]] = {
    "hubspot": HubSpotCredentials,
    "salesforce": SalesforceCredentials,
    "bottlecrm": BottleCrmCredentials,
}


def load_crm_credentials(name: str) -> CrmCredentials:
    """The block of that name, which has its type in front: `hubspot-credentials/NAME`.

    Raises:
        FixConfiguration: there is no such block.
    """
    slug, _, bare = name.rpartition("/")
    missing = FixConfiguration(
        f"There is no block {name}",
        next_step="`aicmo accounts add … --block NAME` makes it, or the UI does under Blocks.",
    )
    block_type = CRM_BLOCKS.get(slug.removesuffix("-credentials"))
    if block_type is None:
        raise missing
    try:
        return block_type.load(bare)
    except ValueError:
        raise missing from None
