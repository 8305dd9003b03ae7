"""The address of every page of the console in the project that is full of everything."""

import re
from urllib.parse import quote, urlencode

from leasehold.web.console.routes import GROUPS
from tests.people.console.conftest import AT, BOB
from tests.people.console.every_page import FILES, LEADS_ON, PARTS, TESTER
from tests.people.console.lively_project import Lively
from tests.people.console.lively_queues import QUEUE

EXPLORED = {"api": "taskqueue.v1beta2", "method": "tasks.lease"}


def addresses(lively: Lively) -> dict[str, str]:
    """Of all that is a page for people, by the path as its group has it.

    Raises KeyError for a page whose path names something that is not known here.
    """
    shown = [page.path for group in GROUPS for page in group.pages if page.show is not None]
    return {
        path: f"{AT}/{_filled(path, lively)}{_query(path, lively)}"
        for path in shown
        if path not in PARTS | FILES | LEADS_ON
    }


def _filled(path: str, lively: Lively) -> str:
    places = {
        "api": "taskqueue",
        "queue": QUEUE,
        "task": lively.tasks.leased,
        "client": lively.client,
        "secret": str(lively.client_secret),
        "key": lively.api_key,
        "string": str(lively.key_string),
        "quota": "calls_per_day",
        "entry": str(lively.entry),
    }
    places |= EXPLORED if path.startswith("explorer/") else {}
    return re.sub(r"\{(\w+)\}", lambda found: quote(places[found[1]], safe=""), path)


def _query(path: str, lively: Lively) -> str:
    account = {"email": lively.account}
    queries = {
        "clients/new": {"type": "web"},
        "consent-screen/testers/remove": {"email": TESTER},
        "members/remove": {"email": BOB},
        "queues/{queue}/access/revoke": account,
        "service-accounts/account": account,
        "service-accounts/delete": account,
        "service-accounts/disable": account,
        "service-accounts/keys/delete": account | {"key": lively.account_key},
    }
    return f"?{urlencode(queries[path])}" if path in queries else ""
