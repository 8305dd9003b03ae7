"""What every method takes besides its own parameters."""

import msgspec

from leasehold.errors import Invalid
from leasehold.web.api.message import MAX_FORM, Request, parse_parameters
from leasehold.web.api.method import parse_boolean

_CREDENTIALS = frozenset({"access_token", "oauth_token", "key"})
_COMMON = frozenset({"alt", "fields", "prettyPrint", "quotaUser", "userIp", "$.xgafv", "callback"})
_OVERRIDE = b"x-http-method-override"
_OVERRIDES = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def meant(request: Request) -> Request:
    """The request once a verb override has been applied, for clients that can send but POST."""
    override = request.headers.get(_OVERRIDE)
    if override is None or request.verb != "POST":
        return request
    verb = override.decode("latin-1").upper()
    if verb not in _OVERRIDES:
        raise Invalid(f"X-HTTP-Method-Override takes {', '.join(sorted(_OVERRIDES))}")
    return msgspec.structs.replace(request, verb=verb)


async def parameters_of(request: Request) -> tuple[dict[str, str], Invalid | None]:
    """The parameters; of a long GET that was sent as a POST also those in its body.

    Google's Python client moves a long URL's query there. Or none, and why they cannot be read.
    Strangers are heard here too, so that body may not be long.
    """
    try:
        query = request.query
        if request.verb == "GET" and _OVERRIDE in request.headers:
            form = _text(await request.read_body(MAX_FORM))
            query = "&".join(part for part in (query, form) if part)
        return parse_parameters(query), None
    except Invalid as fault:
        return {}, fault


def _text(form: bytes) -> str:
    try:
        return form.decode("ascii")
    except UnicodeDecodeError:
        raise Invalid("the form in the body is not percent-encoded") from None


def check(parameters: dict[str, str], *, has_csv: bool) -> None:
    """Refuses what would be misunderstood; `has_csv`: the method has its reply as CSV too."""
    parse_boolean("prettyPrint", parameters.get("prettyPrint") or "true")
    forms = ("json", "csv") if has_csv else ("json",)
    alt = parameters.get("alt", "json")
    if alt not in forms:
        allowed = f"[{', '.join(forms)}]"
        raise Invalid(f"Invalid string value: {alt[:50]!r}. Allowed values: {allowed}", field="alt")
    if alt == "csv" and parameters.get("fields"):
        raise Invalid("fields selects from JSON: leave it out of a call for CSV", field="fields")
    if "callback" in parameters:
        raise Invalid("JSON-P is not served: fetch JSON instead", field="callback")


def own(parameters: dict[str, str]) -> dict[str, str]:
    """Those that only the method knows."""
    common = _COMMON | _CREDENTIALS
    return {name: value for name, value in parameters.items() if name not in common}
