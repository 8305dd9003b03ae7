"""A charge: what one call is counted as. It is written down in the call's own transaction."""

import msgspec


class Charge(msgspec.Struct, frozen=True, cache_hash=True):
    """One call, as accounts know it; equal charges of one group become one row."""

    project_id: str  # whose credential was used: its quota, its report, its bill
    api: str  # taskqueue or leasehold
    method: str  # the method's id: taskqueue.tasks.lease
    credential: str  # id of the client or service account; "" for a key alone
    api_key: str  # id of the API key; "" for none
    email: str  # whom the token stands for, lower case; "" for a key alone
    cost: int  # units of quota
