"""The revocation endpoint over HTTP: an empty object, whether or not the token was known."""

from collections.abc import Mapping

from starlette.requests import Request

from leasehold.oauth2 import revoke
from leasehold.web.oauth import authorization_header
from leasehold.web.oauth.endpoint import Answer
from leasehold.web.oauth.form import Form, read_body, read_query
from leasehold.web.oauth.services import Services


def answer(services: Services) -> Answer:
    server = services.authorization_server

    async def run(request: Request) -> Mapping[str, object]:
        form: Form = await read_body(request, seconds=services.settings.header_seconds)
        # Google's clients put the token into the URL; a secret there would be no proof.
        form.setdefault("token", []).extend(read_query(request).get("token", []))
        await revoke.revoke(form, server, authorization_header.read(request))
        return {}

    return run
