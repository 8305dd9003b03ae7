"""Where the pages for people are."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from leasehold.web.account import (
    authenticator_app,
    passkeys,
    register,
    reset,
    second_step,
    security,
    sign_in,
)
from leasehold.web.account.json_call import Answer, JsonCall
from leasehold.web.account.page import Handler, Page, Pages


def routes(pages: Pages) -> list[Route]:
    """Sign-in, registration, reset, the security page, and the static files."""
    return [
        pages.look.static.route(),
        *_signing_in(pages),
        *_by_mail(pages),
        Route("/account", _to_first_page),
        Route(security.HERE, Page(pages, show=security.show)),
        *_changes(pages),
    ]


def _signing_in(pages: Pages) -> list[Route]:
    return [
        Route("/signin", Page(pages, show=sign_in.show, act=sign_in.act)),
        Route("/signin/continue", Page(pages, show=sign_in.show_continue)),
        Route("/signin/second-step", Page(pages, show=second_step.show, act=second_step.act)),
        Route("/signin/passkey/begin", JsonCall(pages, passkeys.begin_sign_in)),
        Route("/signin/passkey/finish", JsonCall(pages, passkeys.finish_sign_in)),
        Route("/signout", Page(pages, act=sign_in.sign_out, back="/signin")),
    ]


def _by_mail(pages: Pages) -> list[Route]:
    return [
        Route("/register", Page(pages, show=register.show, act=register.act)),
        Route(
            "/register/complete",
            Page(pages, show=register.show_complete, act=register.act_complete, back="/register"),
        ),
        Route("/password/reset", Page(pages, show=reset.show, act=reset.act)),
        Route(
            "/password/reset/complete",
            Page(pages, show=reset.show_complete, act=reset.act_complete, back="/password/reset"),
        ),
    ]


def _changes(pages: Pages) -> list[Route]:
    """The forms of the security page."""
    forms: dict[str, Handler] = {
        "/account/password": security.change_password,
        "/account/app": authenticator_app.begin,
        "/account/app/confirm": authenticator_app.confirm,
        "/account/app/off": authenticator_app.switch_off,
        "/account/recovery-codes": authenticator_app.new_recovery_codes,
        "/account/passkeys/rename": passkeys.rename,
        "/account/passkeys/remove": passkeys.remove,
        "/account/browsers/end": security.end_browser,
        "/account/browsers/end-others": security.end_other_browsers,
    }
    scripts: dict[str, Answer] = {
        "/account/passkeys/begin": passkeys.begin_adding,
        "/account/passkeys/finish": passkeys.finish_adding,
    }
    return [
        *(Route(path, Page(pages, act=act, back=security.HERE)) for path, act in forms.items()),
        *(Route(path, JsonCall(pages, answer)) for path, answer in scripts.items()),
    ]


async def _to_first_page(_request: Request) -> Response:
    return RedirectResponse("/account/access", 303, headers={"Cache-Control": "no-store"})
