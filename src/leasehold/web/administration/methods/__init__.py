"""One file per resource, each declaring its methods; this is the list of them."""

from leasehold.web.administration.method import Method
from leasehold.web.administration.methods import (
    acl,
    apis,
    audit,
    billing,
    client_secrets,
    clients,
    consent_screen,
    delegations,
    keys,
    members,
    projects,
    queues,
    quotas,
    service_account_keys,
    service_accounts,
    tasks,
    usage,
)

METHODS: tuple[Method, ...] = (
    *projects.METHODS,
    *members.METHODS,
    *apis.METHODS,
    *clients.METHODS,
    *client_secrets.METHODS,
    *consent_screen.METHODS,
    *service_accounts.METHODS,
    *service_account_keys.METHODS,
    *delegations.METHODS,
    *keys.METHODS,
    *queues.METHODS,
    *acl.METHODS,
    *tasks.METHODS,
    *quotas.METHODS,
    *usage.METHODS,
    *billing.METHODS,
    *audit.METHODS,
)
