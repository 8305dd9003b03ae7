"""Administration of consent screens: what people are told about a project, and who is asked."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from leasehold.accounts.emails import normalize_email
from leasehold.administration import audit, authority
from leasehold.administration.actor import Actor
from leasehold.oauth2 import consent_screens
from leasehold.oauth2.client_model import ConsentScreen, Logo, Stage
from leasehold.storage.transaction import Transaction

_TARGET = "consentScreen"  # a project has one


@dataclass(frozen=True, slots=True)
class ScreenAndTesters:
    """A consent screen, and those who may say yes while its project is in testing."""

    screen: ConsentScreen
    testers: tuple[str, ...]  # addresses, in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenChanges:
    """What is to be another way; None leaves it as it is, and "" removes a link."""

    name: str | None = None
    support_email: str | None = None
    home_page: str | None = None
    privacy_link: str | None = None
    terms_link: str | None = None
    stage: Stage | None = None

    def made_to(self, screen: ConsentScreen) -> ConsentScreen:
        """The screen as it is to be."""
        return replace(screen, **{k: v for k, v in asdict(self).items() if v is not None})


def get(tx: Transaction, actor: Actor, *, project_id: str) -> ScreenAndTesters:
    """What people are told; its id and an owner's address where nothing was set. NotFound."""
    authority.require(tx, actor, project_id)
    return _with_testers(tx, consent_screens.get(tx, project_id))


def logo(tx: Transaction, actor: Actor, *, project_id: str) -> Logo | None:
    """The picture; None when there is none. Raises NotFound for the project."""
    authority.require(tx, actor, project_id)
    return consent_screens.logo(tx, project_id)


def update(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, changes: ScreenChanges
) -> ScreenAndTesters:
    """Changes what is given. What is shown anew is verified no longer.

    Raises NotFound for the project, Invalid for what would deceive people.
    """
    authority.require(tx, actor, project_id)
    before = consent_screens.find_to_change(tx, project_id)
    after = consent_screens.put(tx, changes.made_to(before))
    _record(tx, now, actor, "update", project_id, _differences(before, after))
    return _with_testers(tx, after)


def set_logo(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, content: bytes | None
) -> ScreenAndTesters:
    """Puts a picture in place of the old one, None removes it; then it is verified no longer.

    Raises NotFound for the project, Invalid for anything but a small PNG, JPEG or WebP.
    """
    authority.require(tx, actor, project_id)
    before = consent_screens.find_to_change(tx, project_id)
    old = consent_screens.logo(tx, project_id)
    after = consent_screens.set_logo(tx, project_id, content)
    new = consent_screens.logo(tx, project_id)
    changed = _differences(before, after)
    if old != new:
        changed["logo"] = (_picture(old), _picture(new))
    _record(tx, now, actor, "setLogo" if new else "removeLogo", project_id, changed)
    return _with_testers(tx, after)


def add_tester(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, email: str
) -> ScreenAndTesters:
    """Lets a person say yes while the project is in testing; again is no error.

    Raises NotFound for the project, Invalid, and Conflict at `consent_screens.MAX_TESTERS`.
    """
    email = normalize_email(email)
    authority.require(tx, actor, project_id)
    screen = consent_screens.find_to_change(tx, project_id)
    is_new = email not in consent_screens.testers_of(tx, project_id)
    consent_screens.add_tester(tx, project_id=project_id, email=email)
    if is_new:
        _record(tx, now, actor, "addTester", project_id, {"tester": (None, email)})
    return _with_testers(tx, screen)


def remove_tester(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, email: str
) -> ScreenAndTesters:
    """Takes that back. Raises NotFound for the project and for who is no tester of it, Invalid."""
    email = normalize_email(email)
    authority.require(tx, actor, project_id)
    screen = consent_screens.find_to_change(tx, project_id)
    consent_screens.remove_tester(tx, project_id=project_id, email=email)
    _record(tx, now, actor, "removeTester", project_id, {"tester": (email, None)})
    return _with_testers(tx, screen)


def verify(tx: Transaction, now: int, actor: Actor, *, project_id: str) -> ScreenAndTesters:
    """The server's operator, and nobody else, vouches for what is shown.

    Raises NotFound for the project, Forbidden.
    """
    before = _find_to_vouch(tx, actor, project_id)
    after = consent_screens.verify(tx, now, project_id)
    _record(tx, now, actor, "verify", project_id, _differences(before, after))
    return _with_testers(tx, after)


def withdraw_verification(
    tx: Transaction, now: int, actor: Actor, *, project_id: str
) -> ScreenAndTesters:
    """Takes that back. Raises NotFound for the project, and Forbidden for all but the operator."""
    before = _find_to_vouch(tx, actor, project_id)
    after = consent_screens.withdraw_verification(tx, project_id)
    _record(tx, now, actor, "withdrawVerification", project_id, _differences(before, after))
    return _with_testers(tx, after)


def _find_to_vouch(tx: Transaction, actor: Actor, project_id: str) -> ConsentScreen:
    authority.require(tx, actor, project_id)
    authority.require_operator(actor)
    return consent_screens.find_to_change(tx, project_id)


def _with_testers(tx: Transaction, screen: ConsentScreen) -> ScreenAndTesters:
    return ScreenAndTesters(screen, tuple(consent_screens.testers_of(tx, screen.project_id)))


def _differences(before: ConsentScreen, after: ConsentScreen) -> dict[str, tuple[object, object]]:
    """What it was and what it is now, by name; its logo is told by its size, see `set_logo`."""
    old, new = asdict(before), asdict(after)
    return {key: (old[key], new[key]) for key in new if key != "logo_type" and old[key] != new[key]}


def _picture(logo: Logo | None) -> dict[str, object] | None:
    return {"type": logo.type, "bytes": len(logo.content)} if logo else None


def _record(
    tx: Transaction,
    now: int,
    actor: Actor,
    act: str,
    project_id: str,
    differences: Mapping[str, tuple[object, object]],
) -> None:
    """Writes the act down, unless nothing was changed."""
    if differences:
        audit.record(
            tx,
            now,
            actor,
            action=f"consentScreen.{act}",
            project_id=project_id,
            target=_TARGET,
            before={name: old for name, (old, _) in differences.items()},
            after={name: new for name, (_, new) in differences.items()},
        )
