"""Passkeys: signing in with one, adding one (both by the page's script), naming, removing."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

from leasehold.errors import Invalid
from leasehold.sign_in import passkeys
from leasehold.web.account.continue_to import continue_to
from leasehold.web.account.page import Visit
from leasehold.web.account.security import HERE
from leasehold.web.account.sign_in import next_page, put_session


async def begin_sign_in(visit: Visit, _sent: Mapping[str, object]) -> Response:
    """What the browser asks its authenticator."""
    return JSONResponse(await passkeys.begin_sign_in(visit.pages.sign_in, visit.caller))


async def finish_sign_in(visit: Visit, sent: Mapping[str, object]) -> Response:
    """Checks the authenticator's answer; says where to go on."""
    wanted = continue_to(_text(sent, "continue"))
    signed_in = await passkeys.finish_sign_in(
        visit.pages.sign_in, _credential(sent), caller=visit.caller
    )
    response = JSONResponse({"goTo": next_page(wanted)})
    put_session(visit, signed_in, response)
    return response


async def begin_adding(visit: Visit, _sent: Mapping[str, object]) -> Response:
    """What the browser asks its authenticator to make."""
    person = visit.signed_in(recently=True)
    return JSONResponse(await passkeys.begin_registration(visit.pages.sign_in, person))


async def finish_adding(visit: Visit, sent: Mapping[str, object]) -> Response:
    """Keeps the new passkey's public half."""
    person = visit.signed_in(recently=True)
    await passkeys.finish_registration(
        visit.pages.sign_in, person, name=_text(sent, "name"), response=_credential(sent)
    )
    return JSONResponse({"goTo": f"{HERE}?done=passkey"})


async def rename(visit: Visit) -> Response:
    """Another name."""
    person = visit.signed_in()
    await passkeys.rename(visit.pages.sign_in, person, _id(visit), visit.field("name"))
    return visit.go(f"{HERE}?done=renamed")


async def remove(visit: Visit) -> Response:
    """It signs nobody in any more."""
    person = visit.signed_in(recently=True)
    await passkeys.delete(visit.pages.sign_in, person, _id(visit))
    return visit.go(f"{HERE}?done=removed")


def _id(visit: Visit) -> int:
    text = visit.field("id", max_length=18)  # digits that fit into a bigint
    if not (text.isascii() and text.isdigit()):
        raise Invalid("this button's form is broken: open the page again")
    return int(text)


def _credential(sent: Mapping[str, object]) -> Mapping[str, object]:
    value = sent.get("credential")
    if not isinstance(value, dict):
        raise Invalid("credential must be an object")
    return value


def _text(sent: Mapping[str, object], name: str) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str):
        raise Invalid(f"{name} must be text")
    return value
