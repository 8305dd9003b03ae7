"""Where the console's pages are: every group registers here, in the order of the navigation."""

from starlette.routing import Route

from leasehold.web.console import apis, members, overview, projects, settings
from leasehold.web.console.shell import Console, Group

# Overview, APIs, Members, Queues, Credentials, Consent screen, Quotas, Usage, Billing, Audit log,
# Explorer, Settings: those that are there.
GROUPS: tuple[Group, ...] = (
    overview.GROUP,
    apis.GROUP,
    members.GROUP,
    settings.GROUP,
)


def routes(console: Console) -> list[Route]:
    """All of them."""
    return [*projects.routes(console), *console.project_routes()]
