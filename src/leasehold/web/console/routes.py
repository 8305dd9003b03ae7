"""Where the console's pages are: every group registers here, in the order of the navigation."""

from starlette.routing import Route

from leasehold.web.console import (
    apis,
    audit,
    billing,
    consent_screen,
    credentials,
    explorer,
    members,
    overview,
    projects,
    queues,
    quotas,
    settings,
    usage,
)
from leasehold.web.console.shell import Console, Group

# Overview, APIs, Members, Queues, Credentials, Consent screen, Quotas, Usage, Billing, Audit log,
# Explorer, Settings: those that are there.
GROUPS: tuple[Group, ...] = (
    overview.GROUP,
    apis.GROUP,
    members.GROUP,
    queues.GROUP,
    credentials.GROUP,
    consent_screen.GROUP,
    quotas.GROUP,
    usage.GROUP,
    billing.GROUP,
    audit.GROUP,
    explorer.GROUP,
    settings.GROUP,
)


def routes(console: Console) -> list[Route]:
    """All of them."""
    return [*projects.routes(console), *console.project_routes()]
