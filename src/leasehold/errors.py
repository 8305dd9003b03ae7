"""Errors: one tree with stable reasons; each surface words them for its own callers.

Error
├── Invalid              the request is wrong and the caller can mend it
│   └── Missing          something that is required was not given
├── Unauthenticated      no credential, or one that is not (any longer) good
├── Forbidden            the caller is known and may not do this
├── NotFound             what the caller named is not there
├── Conflict             it is there already, or has changed meanwhile
└── Unavailable          not the caller's fault; trying again later may succeed
    └── OutcomeUnknown   the change may or may not have been made durable
"""


class Error(Exception):
    """A refusal. `reason` never changes; the message may be shown to the caller.

    `detail` is for the log only and never holds a secret. `field` names the offending
    parameter in our own words ("" when it is not about one); a surface translates it.
    """

    reason = "internalError"

    def __init__(self, message: str, *, detail: str = "", field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.field = field


class Invalid(Error):
    """The request is wrong; the message says what would be right."""

    reason = "invalid"


class Missing(Invalid):
    """A required parameter or field was not given."""

    reason = "required"


class Unauthenticated(Error):
    """No credential was given, or it is unknown, expired or revoked."""

    reason = "authError"


class Forbidden(Error):
    """The caller is known and may not do this."""

    reason = "forbidden"


class NotFound(Error):
    """The thing that the caller named is not there."""

    reason = "notFound"


class Conflict(Error):
    """The thing is there already, or changed since the caller last saw it."""

    reason = "duplicate"


class Unavailable(Error):
    """The server cannot do this now; the same call may succeed later."""

    reason = "backendError"


class OutcomeUnknown(Unavailable):
    """The change may or may not have become durable, so it is not acknowledged."""
