"""Public keys over HTTP: the server's own, and those of its service accounts."""

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request

from leasehold.errors import NotFound
from leasehold.oauth2 import public_keys
from leasehold.storage.transaction import Transaction
from leasehold.web.oauth.document import Find
from leasehold.web.oauth.services import Services

OWN_MAX_AGE = 3600  # seconds: less than the day for which a key is published before it signs
ACCOUNTS_MAX_AGE = 300  # seconds for which a deleted key may live on in somebody's memory


def own_certificates(services: Services) -> Find:
    async def find(_request: Request) -> Mapping[str, object]:
        return await services.signing_keys.certificates()

    return find


def own_jwk_set(services: Services) -> Find:
    async def find(_request: Request) -> Mapping[str, object]:
        return public_keys.jwk_set(await services.signing_keys.certificates())

    return find


def certificates_of_account(services: Services) -> Find:
    async def find(request: Request) -> Mapping[str, object]:
        return await _of_account(services, request)

    return find


def jwk_set_of_account(services: Services) -> Find:
    async def find(request: Request) -> Mapping[str, object]:
        return public_keys.jwk_set(await _of_account(services, request))

    return find


async def _of_account(services: Services, request: Request) -> dict[str, str]:
    email = request.path_params["email"]
    found = await services.committer.read(partial(_read, email=email))
    if found is None:  # disabled, deleted or never there: a stranger learns no more
        raise NotFound("there is no such service account")
    return found


def _read(tx: Transaction, now: int, *, email: str) -> dict[str, str] | None:  # noqa: ARG001  # every operation is given the time
    return public_keys.of_service_account(tx, email)
