"""The server's metadata over HTTP; it does not change while the server runs."""

from collections.abc import Mapping

from starlette.requests import Request

from leasehold.oauth2 import metadata
from leasehold.web.oauth.document import Find
from leasehold.web.oauth.services import Services

MAX_AGE = 3600  # seconds


def find(services: Services, endpoints: Mapping[str, str]) -> Find:
    document = metadata.document(services.authorization_server.issuer, services.settings, endpoints)

    async def run(_request: Request) -> Mapping[str, object]:
        return document

    return run
