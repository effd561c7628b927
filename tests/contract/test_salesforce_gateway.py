"""Shows that Salesforce's contacts are changed once and by their own ids, whatever becomes of an answer."""

from __future__ import annotations

from tests.contract.crm_contract import CrmContract
from tests.contract.salesforce_samples import SalesforceSamples


class TestSalesforce(SalesforceSamples, CrmContract):
    pass
