"""Errors as Google's API words them: an envelope with a reason that clients act upon."""

import logging
import traceback
from dataclasses import dataclass, field

from leasehold import errors
from leasehold.access.admission import ApiIsOff, QuotaExhausted
from leasehold.access.decide import Reason
from leasehold.access.key_table import KeyExpired, KeyInvalid
from leasehold.oauth2 import scopes
from leasehold.queues.limits import QueueFull
from leasehold.usage.key_restrictions import KeyRefused
from leasehold.web.api import wire
from leasehold.web.api.message import Reply, TooLarge

_log = logging.getLogger("leasehold.api")

INTERNAL, UNAVAILABLE = 500, 503
_LIMITS = "usageLimits"  # the domain of what has to do with keys and quota

# What our words are called on this wire.
_FIELDS = {
    "payload": "payloadBase64",
    "eta": "leaseTimestamp",
    "num_tasks": "numTasks",
    "lease_seconds": "leaseSecs",
    "new_lease_seconds": "newLeaseSeconds",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it goes out. `location` is a parameter's or a header's name, or ""."""

    status: int
    reason: str
    message: str
    domain: str = "global"
    location: str = ""
    location_type: str = "parameter"
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())

    def reply(self, *, pretty: bool = True) -> Reply:
        """The reply with the envelope."""
        entry = {"domain": self.domain, "reason": self.reason, "message": self.message}
        if self.location:
            entry |= {"locationType": self.location_type, "location": self.location}
        envelope = {"errors": [entry], "code": self.status, "message": self.message}
        body = wire.encode({"error": envelope}, pretty=pretty)
        return Reply(self.status, body, headers=self.headers)


def unauthenticated(realm: str, *, token_given: bool) -> Failure:
    """401. Only this status makes Google's clients fetch a new token."""
    challenge = f'Bearer realm="{realm}"' + (', error="invalid_token"' if token_given else "")
    return Failure(
        401,
        "authError" if token_given else "required",
        "Invalid Credentials" if token_given else "Login Required",
        location="Authorization",
        location_type="header",
        headers=((b"www-authenticate", challenge.encode()),),
    )


def refused(reason: Reason, *, realm: str, wanted_scopes: int, project: str) -> Failure:
    """What a refused decision looks like."""
    match reason:
        case "insufficientPermissions":
            challenge = (
                f'Bearer realm="{realm}", error="insufficient_scope",'
                f' scope="{scopes.text(wanted_scopes)}"'
            )
            headers = ((b"www-authenticate", challenge.encode()),)
            return Failure(403, reason, "Insufficient Permission", headers=headers)
        case "accessNotConfigured":
            message = (
                "Access Not Configured. The Task Queue API is not switched on for project"
                f" {project}, or the project itself is off:"
                f" `leasehold api enable taskqueue --project {project}` does it."
            )
            return Failure(403, reason, message, domain=_LIMITS)
        case "quotaExceeded":
            message = (
                "Quota exceeded: the project's tasks have reached its total_storage_limit; delete"
                " tasks, or raise the limit in queue.yaml"
            )
            return Failure(403, reason, message, domain=_LIMITS)
        case "notFound":
            return Failure(404, reason, "Not Found: the project has no queue of this name")
        case "forbidden":
            return Failure(403, reason, "you are not allowed to make this api call")


def not_found() -> Failure:
    """No method has this path."""
    return Failure(404, "notFound", "Not Found")


def wrong_verb(allowed: set[str]) -> Failure:
    """The path is known, with other verbs."""
    verbs = ", ".join(sorted(allowed))
    return Failure(
        405,
        "httpMethodNotAllowed",
        f"This path takes {verbs}",
        headers=((b"allow", verbs.encode()),),
    )


def failure(error: Exception, *, realm: str) -> Failure:  # noqa: C901, PLR0911  # one row for each
    """The failure for what a rule raised; what nobody foresaw is logged, and told to nobody."""
    match error:
        case errors.Unauthenticated():
            return unauthenticated(realm, token_given=True)
        case KeyInvalid() | KeyExpired():
            return Failure(400, error.reason, error.message, domain=_LIMITS, location="key")
        case KeyRefused() | ApiIsOff() | QueueFull():
            return Failure(403, error.reason, error.message, domain=_LIMITS)
        case QuotaExhausted():
            wait = (b"retry-after", str(error.retry_after).encode())
            return Failure(403, error.reason, error.message, domain=_LIMITS, headers=(wait,))
        case TooLarge():
            return Failure(413, error.reason, error.message)
        case errors.Invalid():
            return Failure(
                400, error.reason, error.message, location=_FIELDS.get(error.field, error.field)
            )
        case errors.Forbidden():
            return Failure(403, error.reason, error.message)
        case errors.NotFound():
            return Failure(404, error.reason, error.message)
        case errors.Conflict():
            return Failure(409, error.reason, error.message)
        case errors.Unavailable():
            _log.warning("api.unavailable %s %s", error.message, error.detail)
            return Failure(
                UNAVAILABLE,
                error.reason,
                f"Backend Error: {error.message}",
                headers=((b"retry-after", b"1"),),
            )
        case _:
            frames = "".join(traceback.format_exception(error))
            _log.error("api.failed %s", frames)
            return Failure(INTERNAL, "internalError", "Internal Error: the server's log says more")
