"""Keys of service accounts: the private half goes to the caller, and stays nowhere here."""

from typing import Annotated

from msgspec import Meta

from leasehold.accounts.key_file import GOOGLE_UNIVERSE, KeyPair, generate_key_pair
from leasehold.accounts.model import ServiceAccountKey
from leasehold.administration import service_accounts
from leasehold.administration.service_accounts import AccountWithKeys, MadeKey
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Aside, Call, Method
from leasehold.web.administration.wire import Instant, Wire, instant

_PATH = "projects/{project}/serviceAccounts/{account}/keys"


class ServiceAccountKeyResource(Wire, frozen=True):
    """The public half of a key."""

    id: Annotated[str, Meta(description="The key file's private_key_id.")]
    public_key: Annotated[str, Meta(description="PEM.")]
    certificate: Annotated[str, Meta(description="PEM; of the public key.")]
    created_at: Instant


class ServiceAccountKeyList(Wire, frozen=True):
    """The account's keys, oldest first."""

    keys: tuple[ServiceAccountKeyResource, ...]


class CreateServiceAccountKey(Wire, frozen=True):
    """What the key file of a new key is to say."""

    universe_domain: Annotated[
        str,
        Meta(
            max_length=253,
            description="With another than Google's, Google's libraries sign tokens themselves.",
        ),
    ] = GOOGLE_UNIVERSE


class MadeServiceAccountKey(Wire, frozen=True):
    """A new key. Its private half is shown this once."""

    key: ServiceAccountKeyResource
    key_file: Annotated[
        dict[str, str],
        Meta(description="What to keep, as JSON, in the file that the program is given."),
    ]


def list_(tx: Transaction, now: int, call: Call) -> ServiceAccountKeyList:  # noqa: ARG001  # every method is given the time
    found = service_accounts.list_keys(
        tx, call.actor, project_id=call.project, email=call.ids["account"]
    )
    return ServiceAccountKeyList(keys=tuple(map(_resource, found)))


def check(tx: Transaction, now: int, call: Call) -> AccountWithKeys:  # noqa: ARG001  # as above
    """Before a key pair is made, which takes long: whether it would be for anything."""
    service_accounts.checked_universe(call.given(CreateServiceAccountKey).universe_domain)
    return service_accounts.get(tx, call.actor, project_id=call.project, email=call.ids["account"])


def create(tx: Transaction, now: int, call: Call) -> MadeServiceAccountKey:
    assert isinstance(call.made, KeyPair)
    made: MadeKey = service_accounts.create_key(
        tx,
        now,
        call.actor,
        entropy=call.services.entropy,
        pair=call.made,
        project_id=call.project,
        email=call.ids["account"],
    )
    domain = call.given(CreateServiceAccountKey).universe_domain
    return MadeServiceAccountKey(
        key=_resource(made.key),
        key_file=made.file(call.services.issuer, universe_domain=domain),
    )


def delete(tx: Transaction, now: int, call: Call) -> None:
    service_accounts.delete_key(
        tx,
        now,
        call.actor,
        project_id=call.project,
        email=call.ids["account"],
        key_id=call.ids["key"],
    )


def _resource(key: ServiceAccountKey) -> ServiceAccountKeyResource:
    return ServiceAccountKeyResource(
        id=key.id,
        public_key=key.public_key,
        certificate=key.certificate,
        created_at=instant(key.created_at),
    )


METHODS = (
    Method(
        id="leasehold.serviceAccountKeys.list",
        verb="GET",
        path=_PATH,
        description="Lists the public halves of a service account's keys.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=ServiceAccountKeyList,
        run=list_,
    ),
    Method(
        id="leasehold.serviceAccountKeys.create",
        verb="POST",
        path=_PATH,
        description="Makes a key for a service account, whose key file this reply alone holds.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=CreateServiceAccountKey,
        response=MadeServiceAccountKey,
        aside=Aside(check, lambda _: generate_key_pair()),
        run=create,
    ),
    Method(
        id="leasehold.serviceAccountKeys.delete",
        verb="DELETE",
        path=f"{_PATH}/{{key}}",
        description="Deletes a service account's key and ends the tokens that were given for it.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=delete,
    ),
)
