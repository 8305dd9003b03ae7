"""ACLs: who may consume from a queue, produce into it, and administer it."""

from leasehold.administration import queues
from leasehold.errors import Invalid
from leasehold.oauth2 import scopes
from leasehold.queues.model import ROLES, Role
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.methods.queues import AclResource, acl_resource
from leasehold.web.administration.wire import Nothing

_PATH = "projects/{project}/queues/{queue}/acl"
_ONE = f"{_PATH}/{{role}}/{{email}}"


def get(tx: Transaction, now: int, call: Call) -> AclResource:  # noqa: ARG001  # every method is given the time
    found = queues.get(tx, call.actor, project_id=call.project, name=call.ids["queue"])
    return acl_resource(found.acl)


def grant(tx: Transaction, now: int, call: Call) -> AclResource:
    after = queues.grant(
        tx,
        now,
        call.actor,
        project_id=call.project,
        name=call.ids["queue"],
        role=_role(call),
        email=call.ids["email"],
    )
    return acl_resource(after.acl)


def revoke(tx: Transaction, now: int, call: Call) -> None:
    queues.revoke(
        tx,
        now,
        call.actor,
        project_id=call.project,
        name=call.ids["queue"],
        role=_role(call),
        email=call.ids["email"],
    )


def _role(call: Call) -> Role:
    for role in ROLES:
        if role == call.ids["role"]:
            return role
    raise Invalid(f"a queue has the roles {', '.join(ROLES)}", field="role")


METHODS = (
    Method(
        id="leasehold.acl.get",
        verb="GET",
        path=_PATH,
        description="Shows who may use a queue, and in which role.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=AclResource,
        run=get,
    ),
    Method(
        id="leasehold.acl.grant",
        verb="PUT",
        path=_ONE,
        description="Gives a person or a service account a role on a queue.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=Nothing,
        response=AclResource,
        run=grant,
    ),
    Method(
        id="leasehold.acl.revoke",
        verb="DELETE",
        path=_ONE,
        description="Takes a role on a queue from a person or a service account.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=revoke,
    ),
)
