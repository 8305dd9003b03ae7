"""Settings: one frozen struct; each field says its unit, its default and its meaning."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from leasehold.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may choose. Environment names are `LEASEHOLD_` and the field's name."""

    database: str = field(
        default="./leasehold.db",
        metadata={
            "says": "Where everything is kept: a file's path (SQLite) or a postgresql:// URL."
        },
    )
    issuer: str = field(
        default="",
        metadata={
            "says": "The URL by which clients reach the server, without a path; empty:"
            " http://HOST:PORT."
        },
    )
    secret_key_file: str = field(
        default="",
        metadata={
            "says": "The file whose key encrypts the secrets in the database, made when it is"
            " missing; empty: the SQLite file's name with .key added, ./leasehold.key for"
            " PostgreSQL. All servers on one database need the same file."
        },
    )
    sync: bool = field(
        default=True,
        metadata={
            "says": "Sync to disk before each reply. Off is faster, and a power cut then loses"
            " what was acknowledged in the last moments."
        },
    )
    access_token_seconds: int = field(
        default=3600, metadata={"says": "Seconds for which a new access token is good."}
    )
    refresh_idle_days: int = field(
        default=180,
        metadata={"says": "Days after which a refresh token that was not used ends."},
    )
    testing_refresh_days: int = field(
        default=7,
        metadata={
            "says": "Days after which refresh tokens end that were given to a project in testing,"
            " however much they are used."
        },
    )
    refresh_tokens_per_client: int = field(
        default=100,
        metadata={
            "says": "Refresh tokens that one person may have given to one client; beyond that the"
            " oldest ends."
        },
    )
    signing_key_days: int = field(
        default=30,
        metadata={"says": "Days for which the server signs ID tokens with one key of its own."},
    )
    accept_google_audience: bool = field(
        default=True,
        metadata={
            "says": "Accept Google's token URLs as the audience of a service account's assertion:"
            " Google's libraries put one there whatever the key file says. Only for keys that"
            " this server issued.",
            "legacy": True,
        },
    )
    query_tokens: bool = field(
        default=False,
        metadata={
            "says": "Accept an access token in the URL (access_token or oauth_token). URLs end up"
            " in logs: only for old clients that cannot do otherwise.",
            "legacy": True,
        },
    )
    code_without_pkce: bool = field(
        default=False,
        metadata={
            "says": "Give authorization codes to installed and browser clients that send no"
            " code_challenge: for libraries older than PKCE.",
            "legacy": True,
        },
    )
    plain_pkce: bool = field(
        default=False,
        metadata={
            "says": "Accept the PKCE method plain, which does not protect against who sees the"
            " authorization request.",
            "legacy": True,
        },
    )
    implicit_grant: bool = field(
        default=False,
        metadata={
            "says": "Answer response_type=token and id_token, for clients that are registered for"
            " it: tokens then pass through URLs.",
            "legacy": True,
        },
    )
    out_of_band: bool = field(
        default=False,
        metadata={
            "says": "Show authorization codes on a page, to be copied, for installed clients with"
            " the redirect URI urn:ietf:wg:oauth:2.0:oob. People can be talked into giving such a"
            " code away.",
            "legacy": True,
        },
    )
    postmessage: bool = field(
        default=False,
        metadata={
            "says": "The same for web clients with the redirect URI postmessage, as Google's old"
            " script for pages had it.",
            "legacy": True,
        },
    )
    registration: str = field(
        default="invitation",
        metadata={
            "says": "Who may add an account: invitation (only who was sent a link) or open (whoever"
            " shows that mail reaches them).",
            "choices": ("invitation", "open"),
        },
    )
    smtp_url: str = field(
        default="",
        metadata={
            "says": "Where mail is handed over: smtp://user:password@host:587 (encrypted when the"
            " host offers it, always when there is a password) or smtps://; empty: links appear in"
            " the server's log."
        },
        repr=False,
    )
    mail_from: str = field(
        default="",
        metadata={"says": "The sender of mail; empty: leasehold@ and the issuer's host."},
    )
    browser_session_idle_days: int = field(
        default=14,
        metadata={"says": "Days after which a browser that was not seen is signed out."},
    )
    browser_session_days: int = field(
        default=90,
        metadata={"says": "Days after which a browser is signed out, however much it was used."},
    )
    strict_base64: bool = field(
        default=False,
        metadata={
            "says": "Accept only the URL-safe base64 alphabet in payloads, as App Engine did, and"
            " refuse + and /."
        },
    )
    tombstone_seconds: int = field(
        default=7 * 86_400,
        metadata={
            "says": "Seconds for which the name of a deleted task stays taken, in queues that are"
            " made from now on."
        },
    )
    lease_reply_bytes: int = field(
        default=32 * 1024 * 1024,
        metadata={
            "says": "Bytes of payload in one lease reply; fewer tasks are leased when it is reached"
            " (App Engine's REST API had 1 MiB)."
        },
    )
    staleness_seconds: float = field(
        default=2.0,
        metadata={
            "says": "Seconds after which a server that has not seen the database's newest"
            " revocations refuses every token instead of trusting what it remembers."
        },
    )
    deadline_seconds: float = field(
        default=30.0,
        metadata={
            "says": "Seconds until a request that waits for the database is answered with 503."
        },
    )
    trusted_proxies: str = field(
        default="",
        metadata={
            "says": "Addresses or networks, separated by commas, of the proxies whose"
            " X-Forwarded-For says where a request came from; empty: nobody's does."
        },
    )
    accounting: bool = field(
        default=True,
        metadata={
            "says": "Count every call and keep to the quotas. Off: no reports, no bills, no limits"
            " on calls; API keys are still checked."
        },
    )
    quota_calls_per_day: int = field(
        default=50_000_000,
        metadata={
            "says": "Calls that a project has each day (UTC) unless it was given a quota of its"
            " own; 0: no limit.",
            "zero": True,
        },
    )
    quota_calls_per_minute: int = field(
        default=3_000_000,
        metadata={
            "says": "Calls that a project has each minute unless it was given a quota of its own;"
            " 0: no limit.",
            "zero": True,
        },
    )
    quota_calls_per_user: int = field(
        default=1_000_000,
        metadata={
            "says": "Calls that each user of a project has in 100 seconds unless the project was"
            " given a quota of its own; 0: no limit.",
            "zero": True,
        },
    )
    quota_unregistered_per_day: int = field(
        default=10_000,
        metadata={
            "says": "Calls of public methods that one address has each day (UTC) on each server"
            " without a key or a token; 0: no limit.",
            "zero": True,
        },
    )
    usage_minutes_days: int = field(
        default=7,
        metadata={"says": "Days for which calls and latencies are kept by minute."},
    )
    usage_hours_days: int = field(
        default=92,
        metadata={"says": "Days for which calls, latencies and what was stored are kept by hour."},
    )
    usage_days_days: int = field(
        default=1830,
        metadata={
            "says": "Days for which calls, latencies and what was stored are kept by day; there is"
            " no bill for a month that reaches further back."
        },
    )
    max_connections: int = field(
        default=4096, metadata={"says": "Connections at a time; more are answered with 503."}
    )
    header_seconds: float = field(
        default=20.0,
        metadata={"says": "Seconds that a client has to send a request's head, and then its body."},
    )


def legacy_switches(settings: Settings) -> list[str]:
    """The names of the switches for old clients that are on, in the order of the settings."""
    switches = [setting.name for setting in fields(Settings) if setting.metadata.get("legacy")]
    return [name for name in switches if getattr(settings, name)]


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment gives, defaults for the rest.

    Raises Invalid, naming the variable, for a value of the wrong type.
    """
    given: dict[str, object] = {}
    for setting in fields(Settings):
        name = f"LEASEHOLD_{setting.name.upper()}"
        if name in environment:
            least = 0 if setting.metadata.get("zero") else 1
            given[setting.name] = _parse(name, environment[name], setting.default, least=least)
            _check_choice(name, environment[name], setting.metadata.get("choices"))
    return Settings(**given)  # type: ignore[arg-type]  # each was parsed by its default's type


def _check_choice(name: str, text: str, choices: tuple[str, ...] | None) -> None:
    if choices and text not in choices:
        raise Invalid(f"{name} must be {' or '.join(choices)}, not {text!r}")


def _parse(name: str, text: str, default: object, *, least: int) -> object:
    """`least` is 0 where 0 has a meaning, and 1 where a number must be positive."""
    if isinstance(default, bool):
        words = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}
        if text.lower() not in words:
            raise Invalid(f"{name} must be on or off, not {text!r}")
        return words[text.lower()]
    if isinstance(default, int | float):
        try:
            number = type(default)(text)
        except ValueError:
            raise Invalid(f"{name} must be a number, not {text!r}") from None
        if not (0 < number < 10**12 or number == least):
            kind = "a positive number" if least else "0 (no limit) or a positive number"
            raise Invalid(f"{name} must be {kind}, not {text!r}")
        return number
    return text
