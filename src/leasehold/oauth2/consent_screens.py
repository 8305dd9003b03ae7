"""Consent screens: what people are told about a project that asks them, and who is asked at all."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

from leasehold.accounts import configuration, projects
from leasehold.accounts.emails import normalize_email
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.oauth2 import client_rows as rows
from leasehold.oauth2.client_model import STAGES, ConsentScreen, Logo
from leasehold.oauth2.logos import checked_logo
from leasehold.oauth2.shown_text import checked_name
from leasehold.storage.transaction import Transaction

MAX_TESTERS = 100  # of one project, as Google has it
MAX_LINK = 1024  # characters

# Only what a link needs: no spaces, quotes, angle brackets, backslashes or controls.
_LINK = re.compile(r"https://[A-Za-z0-9._~!$&'()*+,;=:/?#%\[\]-]+")


def get(tx: Transaction, project_id: str) -> ConsentScreen:
    """What is shown for the project; where nothing was set, its id and an owner's address.

    Raises NotFound when there is no such project.
    """
    projects.require(tx, project_id)
    return rows.consent_screen_of(tx, project_id) or _default(tx, project_id)


def find_to_change(tx: Transaction, project_id: str) -> ConsentScreen:
    """The same; nobody else changes it until the commit."""
    projects.lock(tx, project_id)
    return get(tx, project_id)


def put(tx: Transaction, screen: ConsentScreen) -> ConsentScreen:
    """Writes everything but the logo, and returns what was kept.

    Get it with `find_to_change`. When people are shown something else than before, it is no longer
    verified. Raises Invalid, NotFound.
    """
    if screen.stage not in STAGES:
        raise Invalid(f"the stage is one of {', '.join(STAGES)}", field="stage")
    checked = replace(
        screen,
        name=checked_name(screen.name, what="a consent screen"),
        support_email=normalize_email(screen.support_email),
        home_page=_checked_link(screen.home_page, field="home_page"),
        privacy_link=_checked_link(screen.privacy_link, field="privacy_link"),
        terms_link=_checked_link(screen.terms_link, field="terms_link"),
    )
    projects.lock(tx, screen.project_id)
    rows.put_consent_screen(tx, checked)
    configuration.touch(tx)
    return get(tx, screen.project_id)


def logo(tx: Transaction, project_id: str) -> Logo | None:
    """The picture; None when there is none, or no such project."""
    return rows.logo_of(tx, project_id) if projects.is_project_id(project_id) else None


def set_logo(tx: Transaction, project_id: str, content: bytes | None) -> ConsentScreen:
    """Puts a picture in place of the old one, or removes it; then it is no longer verified.

    Raises Invalid for anything but a small PNG, JPEG or WebP, NotFound.
    """
    picture = None if content is None else checked_logo(content)
    put(tx, find_to_change(tx, project_id))
    rows.set_logo(tx, project_id, picture)
    return get(tx, project_id)


def verify(tx: Transaction, now: int, project_id: str) -> ConsentScreen:
    """The server's operator vouches for what is shown. Raises NotFound."""
    put(tx, find_to_change(tx, project_id))
    rows.set_verified(tx, project_id, now)
    return get(tx, project_id)


def withdraw_verification(tx: Transaction, project_id: str) -> ConsentScreen:
    """It is shown as not verified again. Raises NotFound."""
    find_to_change(tx, project_id)
    rows.set_verified(tx, project_id, None)
    configuration.touch(tx)
    return get(tx, project_id)


def testers_of(tx: Transaction, project_id: str) -> list[str]:
    """The addresses of those who may consent in testing, in their order. Raises NotFound."""
    projects.require(tx, project_id)
    return rows.testers_of(tx, project_id)


def add_tester(tx: Transaction, *, project_id: str, email: str) -> None:
    """Lets a person consent while the project is in testing; again is no error.

    The person need not have an account yet. Raises Invalid, NotFound, and Conflict when there are
    MAX_TESTERS already.
    """
    email = normalize_email(email)
    projects.lock(tx, project_id)
    testers = rows.testers_of(tx, project_id)
    if email not in testers and len(testers) >= MAX_TESTERS:
        raise Conflict(f"{project_id} has {MAX_TESTERS} testers: remove one first", field="email")
    rows.insert_tester(tx, project_id, email)
    configuration.touch(tx)


def remove_tester(tx: Transaction, *, project_id: str, email: str) -> None:
    """Takes that back. Raises NotFound for the project, and for who is no tester of it."""
    email = normalize_email(email)
    projects.lock(tx, project_id)
    if not rows.delete_tester(tx, project_id, email):
        raise NotFound(f"{email} is not a tester of {project_id}", field="email")
    configuration.touch(tx)


def allows(tx: Transaction, project_id: str, email: str) -> bool:
    """Whether the project's clients may ask this person (by their normal e-mail address).

    Everybody in production; in testing the listed testers, and the project's own members.
    """
    return rows.may_consent(tx, project_id, email)


def _default(tx: Transaction, project_id: str) -> ConsentScreen:
    owners = [m.email for m in projects.list_members(tx, project_id) if m.role == "owner"]
    return ConsentScreen(project_id, name=project_id, support_email=owners[0] if owners else "")


def _checked_link(link: str, *, field: str) -> str:
    if link and not _is_link(link):
        raise Invalid(
            "a link is a whole URL that begins with https://, like https://app.example.com/privacy",
            field=field,
        )
    return link


def _is_link(link: str) -> bool:
    if len(link) > MAX_LINK or not _LINK.fullmatch(link):
        return False
    try:
        return bool(urlsplit(link).hostname)
    except ValueError:  # brackets that hold no address
        return False
