"""The authorization endpoint's first half: what a client asks of a person, read step by step.

Nothing here knows HTTP or a database. Client and redirect URI come first: until they are certain
every refusal is for the person alone, and nothing is sent anywhere (RFC 6749 §4.1.2.1). After
that, refusals go to the client.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from leasehold.oauth2 import pkce, redirect_uris, scopes, switches
from leasehold.oauth2.authorize_model import (
    PROMPTS,
    RESPONSE_MODES,
    RESPONSE_TYPES,
    Answer,
    AuthorizationRequest,
    AuthorizeError,
    Code,
    NotRedirectable,
    Prompt,
    ReplyTo,
    ResponseMode,
    ResponseType,
)
from leasehold.oauth2.client_model import Client
from leasehold.oauth2.errors import OAuthError
from leasehold.settings import Settings

Form = Mapping[str, Sequence[str]]  # every value that was sent for a name

MAX_CHARACTERS: Final = {  # of each parameter that is read; all others are ignored
    "client_id": 200,
    "redirect_uri": redirect_uris.MAX_LENGTH + 8,  # a loopback one has a port besides
    "response_type": 100,
    "response_mode": 100,
    "scope": 4096,
    "state": 4096,
    "access_type": 100,
    "approval_prompt": 100,
    "prompt": 100,
    "include_granted_scopes": 100,
    "login_hint": 320,
    "hd": 255,
    "max_age": 10,
    "nonce": 1024,
    "code_challenge": 128,
    "code_challenge_method": 100,
    "request": 100,
    "request_uri": 100,
    "registration": 100,
}
MAX_ENCODED = 7800  # characters of all of them, percent-encoded: they travel in a URL

_OBJECTS: Final[dict[str, Code]] = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
_YES_OR_NO: Final = {"true": True, "false": False, "": False}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose client and redirect URI are certain; of the rest nothing is, at first."""

    form: Form  # only what is read, and nothing empty
    client: Client
    redirect_uri: str
    settings: Settings

    def __getitem__(self, name: str) -> str:
        """The parameter; "" when it was not sent."""
        return self.form.get(name, [""])[0]


def known(form: Form) -> Form:
    """What is read of a request. RFC 6749 §3.1: what is empty, or unknown, is as good as absent."""
    return {
        name: kept
        for name, values in form.items()
        if name in MAX_CHARACTERS and (kept := [*filter(None, values)])
    }


def encoded(form: Form) -> str:
    """The parameters as a URL has them, always in the same order."""
    pairs = [(name, value) for name in sorted(form) for value in form[name]]
    return urlencode(pairs, quote_via=quote)


def client_id(form: Form) -> str:
    """Who asks, according to the request. Raises NotRedirectable."""
    values = form.get("client_id", [])
    if len(values) != 1:
        raise NotRedirectable(
            "invalid_request",
            "The request does not say which application it comes from."
            if not values
            else "The request names more than one application.",
            fix="Send client_id exactly once.",
        )
    return values[0]


def unknown_client(client_id: str) -> NotRedirectable:
    """What the person is told when there is no such client."""
    return NotRedirectable(
        "invalid_client",
        "No application is registered here under the name that the request gave.",
        sent=client_id,
        fix="Check client_id. The application may also have been deleted.",
    )


def certain_redirect_uri(form: Form, client: Client, settings: Settings) -> str:
    """Where answers go. Raises NotRedirectable when the client has not registered it."""
    values = form.get("redirect_uri", [])
    if len(values) != 1:
        raise NotRedirectable(
            "invalid_request",
            "The request does not say, exactly once, where the answer is to go.",
            fix="Send redirect_uri exactly once, as it is registered.",
        )
    check_redirect_uri(client, values[0], settings)
    return values[0]


def check_redirect_uri(client: Client, uri: str, settings: Settings) -> None:
    """Raises NotRedirectable when answers must not go there, or not any longer."""
    if not redirect_uris.matches(client, uri):
        raise NotRedirectable(
            "redirect_uri_mismatch",
            "The request wants the answer at an address that is not registered for this"
            " application.",
            sent=uri,
            fix="Register this redirect URI for the client, or send one that is registered. They"
            " are compared character by character, the slash at the end included.",
        )
    switch = redirect_uris.legacy_switch(uri)
    if switch and not getattr(settings, switch):
        raise NotRedirectable(
            "invalid_request",
            "The application wants to be answered in an old way that this server has switched off.",
            sent=uri,
            fix="Have the answer sent to the application itself (a page of its own, or"
            " http://127.0.0.1 with any port), and use PKCE. The"
            f" server's operator can switch the old way on: LEASEHOLD_{switch.upper()}.",
        )


def reply_to(form: Form, redirect_uri: str) -> ReplyTo:
    """Where and how to answer, before it is known whether the request makes sense otherwise.

    A state that is refused is not repeated; a mode that is refused is not used.
    """
    response_type = _normal(_single(form, "response_type"))
    usual: ResponseMode = (
        "fragment" if {"token", "id_token"} & {*response_type.split()} else "query"
    )
    asked = _single(form, "response_mode")
    state = _single(form, "state")
    return ReplyTo(
        redirect_uri,
        "fragment" if asked == "fragment" else usual,
        state if state and _fault("state", state) is None else None,
    )


def _single(form: Form, name: str) -> str:
    values = form.get(name, [])
    return values[0] if len(values) == 1 else ""


def url(answer: Answer, issuer: str) -> str:
    """The URL that takes the answer to the client.

    RFC 9207: the issuer is in every one of them, so that a client which uses several servers
    cannot be made to take one's answer for another's.
    """
    to = answer.reply_to
    pairs = answer.parameters | ({"state": to.state} if to.state else {}) | {"iss": issuer}
    text = urlencode(pairs, quote_via=quote)
    if to.mode == "fragment":
        return f"{to.redirect_uri}#{text}"
    return f"{to.redirect_uri}{'&' if '?' in to.redirect_uri else '?'}{text}"


def refusal(error: AuthorizeError, to: ReplyTo) -> Answer:
    """What the client is told of an error."""
    return Answer(to, {"error": error.code, "error_description": error.description})


def read(asked: Asked) -> AuthorizationRequest:
    """The request. Raises AuthorizeError."""
    for step in STEPS:
        step(asked)
    prompts = _prompts(asked)
    is_code = asked["response_type"] == "code"
    asks_away = bool(_scopes(asked) & scopes.OFFLINE_ACCESS) and "consent" in prompts
    kept = _scopes(asked) if asks_away and is_code else _scopes(asked) & ~scopes.OFFLINE_ACCESS
    if not kept:
        raise AuthorizeError("invalid_scope", "offline_access alone asks for nothing: name a scope")
    max_age = asked["max_age"]
    return AuthorizationRequest(
        client_id=asked.client.id,
        redirect_uri=asked.redirect_uri,
        response_type=_response_type(asked),
        response_mode=reply_to(asked.form, asked.redirect_uri).mode,
        scopes=kept,
        state=asked["state"] or None,
        is_offline=is_code and (asked["access_type"] == "offline" or asks_away),
        prompts=prompts,
        includes_granted=_YES_OR_NO[asked["include_granted_scopes"]],
        login_hint=asked["login_hint"],
        domain_hint=asked["hd"].lower(),
        max_age=int(max_age) if max_age else None,
        nonce=asked["nonce"] or None,
        code_challenge=asked["code_challenge"] or None,
        challenge_method=_challenge_method(asked),
    )


def check_switches(switched_on: frozenset[str], request: AuthorizationRequest) -> None:
    """Raises AuthorizeError `invalid_scope` where an API is off for the client's project.

    The token endpoint would refuse it: better than asking a person in vain.
    """
    try:
        switches.check_apis(switched_on, request.scopes)
    except OAuthError as error:
        raise AuthorizeError("invalid_scope", error.description) from None


def metadata(settings: Settings) -> dict[str, object]:
    """What the server's metadata says of this endpoint (RFC 8414 §2, RFC 9207 §3)."""
    is_known = settings.implicit_grant
    return {
        "response_types_supported": [kind for kind in RESPONSE_TYPES if is_known or kind == "code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "prompt_values_supported": list(PROMPTS),
        "code_challenge_methods_supported": ["S256", *(["plain"] if settings.plain_pkce else [])],
        "authorization_response_iss_parameter_supported": True,
        # OpenID Connect Discovery 1.0 §3 takes the second for true where it is missing.
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def check_again(request: AuthorizationRequest, client: Client, settings: Settings) -> None:
    """Whether the server and the client still allow what a request wanted a while ago.

    Raises AuthorizeError.
    """
    form = {
        "response_type": request.response_type,
        "response_mode": request.response_mode,
        "scope": scopes.text(request.scopes),
        "nonce": request.nonce,
        "code_challenge": request.code_challenge,
        "code_challenge_method": request.challenge_method,
    }
    kept = {name: [value] for name, value in form.items() if value}
    for step in STEPS:
        step(Asked(kept, client, request.redirect_uri, settings))


def every_parameter_is_given_once(asked: Asked) -> None:
    twice = [name for name, values in asked.form.items() if len(values) > 1]
    if twice:  # RFC 6749 §3.1
        _refuse(f"{twice[0]} was given twice: give each parameter once")


def nothing_is_too_long_or_unreadable(asked: Asked) -> None:
    for name, values in asked.form.items():
        fault = _fault(name, values[0])
        if fault:
            _refuse(f"{name} {fault}")
    if len(encoded(asked.form)) > MAX_ENCODED:
        _refuse(f"the request is too long: {MAX_ENCODED} characters at most, percent-encoded")


def nothing_comes_in_an_object(asked: Asked) -> None:
    # OpenID Connect Core 1.0 §6 and §7.2.1
    for name, code in _OBJECTS.items():
        if asked[name]:
            raise AuthorizeError(code, f"leave {name} out: send each parameter by itself")


def response_type_is_served(asked: Asked) -> None:
    if not asked["response_type"]:
        _refuse("response_type is missing: send code")
    response_type = _normal(asked["response_type"])
    if response_type == "code":
        return
    if response_type not in RESPONSE_TYPES or not asked.settings.implicit_grant:
        raise AuthorizeError("unsupported_response_type", "this server answers response_type=code")
    if not asked.client.implicit:
        raise AuthorizeError(
            "unauthorized_client",
            "this client is not registered for the implicit grant: send response_type=code",
        )


def response_mode_fits(asked: Asked) -> None:
    mode = asked["response_mode"]
    if mode and mode not in RESPONSE_MODES:
        _refuse(f"response_mode is one of {', '.join(RESPONSE_MODES)}")
    if mode == "query" and _normal(asked["response_type"]) != "code":
        # OAuth 2.0 Multiple Response Type Encoding Practices §3
        _refuse("a token is never sent in a query: leave response_mode out")


def scopes_are_for_people(asked: Asked) -> None:
    machines = [s for s in scopes.of(_scopes(asked)) if s.service_accounts_only]
    if machines:
        raise AuthorizeError(
            "invalid_scope",
            f"{machines[0].url} is for service accounts only: ask for the one without cloud-",
        )


def id_tokens_have_scope_and_nonce(asked: Asked) -> None:
    if "id_token" not in asked["response_type"]:
        return
    if not _scopes(asked) & scopes.OPENID:
        raise AuthorizeError("invalid_scope", "an ID token needs the scope openid")
    if not asked["nonce"]:  # OpenID Connect Core 1.0 §3.2.2.1
        _refuse("nonce is missing: an ID token that comes from here must be bound to your request")


def prompt_makes_sense(asked: Asked) -> None:
    if asked["prompt"] and asked["approval_prompt"]:
        _refuse("prompt and approval_prompt cannot be used together: send prompt")
    if asked["approval_prompt"] not in ("", "auto", "force"):
        _refuse("approval_prompt is auto or force")
    prompts = _prompts(asked)
    if not {*prompts} <= {*PROMPTS}:
        _refuse(f"prompt is made of {', '.join(PROMPTS)}")
    if "none" in prompts and len(prompts) > 1:  # OpenID Connect Core 1.0 §3.1.2.1
        _refuse("prompt=none cannot be used together with another one")


def options_are_known(asked: Asked) -> None:
    if asked["access_type"] not in ("", "online", "offline"):
        _refuse("access_type is online or offline")
    if asked["include_granted_scopes"] not in _YES_OR_NO:
        _refuse("include_granted_scopes is true or false")
    max_age = asked["max_age"]
    if max_age and not (max_age.isascii() and max_age.isdigit()):
        _refuse("max_age is a number of seconds")


def challenge_is_good(asked: Asked) -> None:
    challenge = asked["code_challenge"]
    if asked["response_type"] != "code":
        if challenge or asked["code_challenge_method"]:
            _refuse(
                "code_challenge protects codes, and no code was asked for: send response_type=code"
            )
        return
    if challenge:
        plain_allowed = asked.settings.plain_pkce
        pkce.check_challenge(challenge, _challenge_method(asked), plain_allowed=plain_allowed)
    elif asked["code_challenge_method"]:
        _refuse("code_challenge is missing: code_challenge_method alone protects nothing")
    elif not asked.client.is_confidential and not asked.settings.code_without_pkce:
        # RFC 9700 §2.1.1: who has no secret must prove that the code was asked for by itself.
        _refuse("code_challenge is missing: this client must use PKCE with S256")


Step = Callable[[Asked], None]  # returns, or raises AuthorizeError


def _as_authorize_error(step: Step) -> Step:
    def run(asked: Asked) -> None:
        try:
            step(asked)
        except OAuthError as error:
            code: Code = "invalid_scope" if error.code == "invalid_scope" else "invalid_request"
            raise AuthorizeError(code, error.description) from None

    return run


# In this order: nothing is looked at before it is known to be single, short and readable.
STEPS: Final[tuple[Step, ...]] = (
    every_parameter_is_given_once,
    nothing_is_too_long_or_unreadable,
    nothing_comes_in_an_object,
    response_type_is_served,
    response_mode_fits,
    _as_authorize_error(scopes_are_for_people),
    id_tokens_have_scope_and_nonce,
    prompt_makes_sense,
    options_are_known,
    _as_authorize_error(challenge_is_good),
)


def _normal(response_type: str) -> str:
    """Its words in order of the alphabet: OAuth gives their order no meaning."""
    return " ".join(sorted(response_type.split(" ")))


def _response_type(asked: Asked) -> ResponseType:
    normal = _normal(asked["response_type"])
    return next(known for known in RESPONSE_TYPES if known == normal)


def _scopes(asked: Asked) -> int:
    return scopes.mask(asked["scope"])


def _prompts(asked: Asked) -> tuple[Prompt, ...]:
    if asked["approval_prompt"] == "force":
        return ("consent",)
    words = asked["prompt"].split(" ") if asked["prompt"] else []
    return tuple(dict.fromkeys(words))  # type: ignore[arg-type]  # `prompt_makes_sense` checks them


def _challenge_method(asked: Asked) -> str | None:
    if not asked["code_challenge"]:
        return None
    return asked["code_challenge_method"] or "plain"  # RFC 7636 §4.3


def _fault(name: str, value: str) -> str | None:
    """What is wrong with a parameter, whatever it means; None when nothing is."""
    if len(value) > MAX_CHARACTERS[name]:
        return f"is too long: {MAX_CHARACTERS[name]} characters at most"
    if not value.isprintable():
        return "holds a character that cannot be shown"
    return None


def _refuse(description: str) -> None:
    raise AuthorizeError("invalid_request", description)
