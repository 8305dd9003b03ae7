"""Why somebody is not let in; none of these says whether an account exists.

Error
├── Throttled                 too many tries; `retry_after` says when the next one is possible
├── Unauthenticated
│   ├── Refused               e-mail address, password or passkey is wrong
│   ├── WrongCode             the second factor is wrong
│   └── StepExpired           the second step took too long, or too many tries: begin again
├── Forbidden
│   └── AuthenticationTooOld  this change wants a fresh proof of who it is
└── NotFound
    └── LinkInvalid           a link by mail that was used, has expired or never was
"""

from leasehold.errors import Error, Forbidden, NotFound, Unauthenticated


class Throttled(Error):
    """Too many tries. `retry_after` is in whole seconds, at least 1."""

    reason = "rateLimitExceeded"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(f"{message} Try again in {_shown(retry_after)}.")
        self.retry_after = retry_after


class Refused(Unauthenticated):
    """What was given does not let anybody in; it is not said which part is wrong."""


class WrongCode(Unauthenticated):
    """The code is wrong, was used before, or belongs to another time."""

    reason = "wrongCode"

    def __init__(self) -> None:
        super().__init__(
            "That code is not right, or was used already. Wait for the next one and try again.",
            field="code",
        )


class StepExpired(Unauthenticated):
    """The second step is over, or never was."""

    reason = "stepExpired"

    def __init__(self) -> None:
        super().__init__("That took too long, or too many tries. Sign in again from the start.")


class AuthenticationTooOld(Forbidden):
    """The person proved who they are too long ago for what they want to change."""

    reason = "authenticationTooOld"

    def __init__(self) -> None:
        super().__init__("To change how you sign in, first confirm again that it is you.")


class LinkInvalid(NotFound):
    """The link was used, has expired, or never was one."""

    reason = "linkInvalid"

    def __init__(self) -> None:
        super().__init__(
            "This link is no longer good: it was used already, or is too old. Ask for a new one."
        )


def _shown(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds" if seconds != 1 else "1 second"
    return f"{-(-seconds // 60)} minutes"
