"""The parameters of a request to an endpoint that is meant for clients, each given once."""

from collections.abc import Mapping, Sequence

from leasehold.oauth2.errors import OAuthError

Form = Mapping[str, Sequence[str]]  # every value that was sent for a name


def present(form: Form) -> dict[str, list[str]]:
    """The form without what has no value (RFC 6749 §3.2: as good as not sent)."""
    return {name: kept for name, values in form.items() if (kept := list(filter(None, values)))}


def check_once(form: Form) -> None:
    """Raises OAuthError `invalid_request` when one was given twice (RFC 6749 §3.2)."""
    if any(len(values) > 1 for values in form.values()):
        raise OAuthError("invalid_request", "a parameter was given twice: give each of them once")


def once(form: Form) -> dict[str, str]:
    """The value of each parameter that has one. Raises OAuthError as `check_once` does."""
    given = present(form)
    check_once(given)
    return {name: values[0] for name, values in given.items()}
