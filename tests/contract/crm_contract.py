"""What every gateway of a CRM must hold to, beside `gateway_contract`; each one's tests subclass it.

`modes` are about the request that changes contacts; `CRM_MODES` of `crm_samples` has those that all CRMs
share, and a subclass says where its CRM means something else.
"""

from __future__ import annotations

from tests.contract.crm_batch_contract import CrmBatchContract


class CrmContract(CrmBatchContract):
    """The whole of it: the account, what is sent to whom, many at once."""
