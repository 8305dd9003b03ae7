"""What the card of a consent screen says: who asks, for what, and where the answer goes.

`templates/consent_card.html` shows it: to people who are asked, and to developers beforehand.
"""

from urllib.parse import urlsplit

from leasehold.oauth2 import redirect_uris, scopes


def logo_url(project_id: str) -> str:
    """Where a project's logo is; a project's id needs no escaping."""
    return f"/logos/{project_id}"


def choices(mask: int) -> list[dict[str, str]]:
    """One for each sentence: a scope has two names where Google's has, and people see one."""
    by_sentence: dict[str, list[str]] = {}
    for scope in scopes.of(mask):
        by_sentence.setdefault(scope.sentence, []).append(scope.url)
    return [
        {"sentence": sentence, "scopes": " ".join(urls)} for sentence, urls in by_sentence.items()
    ]


def sentences(mask: int) -> list[str]:
    """What people are told of these scopes."""
    return [choice["sentence"] for choice in choices(mask)]


def destination(redirect_uri: str) -> str:
    """Where the answer goes, as people say it."""
    if redirect_uris.legacy_switch(redirect_uri):
        return "a page here, from which you copy it"
    parts = urlsplit(redirect_uri)
    if parts.scheme == "https":
        return parts.netloc
    if parts.scheme == "http":
        return f"a program on this computer ({parts.netloc})"
    return f"an app on this device ({parts.scheme})"
