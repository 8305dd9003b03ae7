"""`leasehold key`: API keys, what they may be used for, and the strings by which they are sent."""

from collections.abc import Sequence

import click
from msgspec import UNSET, UnsetType

from leasehold.administration import api_keys, paging
from leasehold.administration.api_keys import KeyDetails, KeyWithString
from leasehold.cli import output
from leasehold.cli.arguments import project_option
from leasehold.cli.database import existing, operator, read, transact
from leasehold.cli.group import Group
from leasehold.cli.moment import METAVAR, MOMENT, Moment
from leasehold.cli.removal import confirm
from leasehold.cli.secret_key_file import unlock_for_command
from leasehold.clock import MICROSECONDS, Clock
from leasehold.entropy import Entropy
from leasehold.storage.engine import Engine
from leasehold.storage.transaction import Transaction
from leasehold.usage.api_keys import UNDELETE_DAYS
from leasehold.usage.key_model import ApiKey, KeyChanges, KeyString, NewKey
from leasehold.usage.key_restrictions import APIS

_LISTS = ("addresses", "referrers", "apis", "queues")
_UNDELETE_MICROSECONDS = UNDELETE_DAYS * 86_400 * MICROSECONDS

_key_argument = click.argument("key_id", metavar="KEY_ID")
_address_option = click.option(
    "--address",
    "addresses",
    multiple=True,
    metavar="RANGE",
    help="From where it may be used: an address, or a range like 203.0.113.0/24. Repeatable.",
)
_referrer_option = click.option(
    "--referrer",
    "referrers",
    multiple=True,
    metavar="PATTERN",
    help="From which pages it may be used, like *.example.com/*; not together with --address."
    " Repeatable.",
)
_api_option = click.option(
    "--api",
    "apis",
    multiple=True,
    type=click.Choice(APIS),
    help="For which API it may be used. Repeatable.",
)
_queue_option = click.option(
    "--queue",
    "queues",
    multiple=True,
    metavar="PROJECT/QUEUE",
    help="On which queue it may be used. Repeatable.",
)
_calls_option = click.option(
    "--calls-per-minute", type=int, help="How many calls it allows in a minute."
)
_expires_option = click.option(
    "--expires",
    type=MOMENT,
    metavar=METAVAR,
    help="When it ends: a day, an instant, or how long from now (2027-01-31, 12h, 30d).",
)


@click.group("key", cls=Group)
def command() -> None:
    """Make API keys, which say what project a call is charged to."""


@command.command()
@project_option
@click.option("--name", required=True, help="What you call it.")
@_address_option
@_referrer_option
@_api_option
@_queue_option
@_calls_option
@_expires_option
@existing
@output.json_option
def create(
    engine: Engine,
    project_id: str,
    name: str,
    calls_per_minute: int | None,
    expires: Moment | None,
    **lists: tuple[str, ...],
) -> None:
    r"""Make an API key, and print it on standard output. It is shown this once.

    Without restrictions it may be used from everywhere, for every API and on every queue.

    \b
    Examples:
      leasehold key create --project shop --name "Printing house" --address 203.0.113.0/24
      leasehold key create --project shop --name "Status page" --referrer "*.example.com/*" \
        --api taskqueue --queue shop/resize --calls-per-minute 600 --expires 90d
    """
    box = unlock_for_command(engine)

    def run(tx: Transaction, now: int) -> KeyWithString:
        new = NewKey(
            project_id=project_id,
            name=name,
            calls_per_minute=calls_per_minute,
            expires_at=expires(now) if expires else None,
            **lists,
        )
        return api_keys.create(tx, now, operator(), entropy=Entropy(), box=box, new=new)

    made = transact(engine, run)
    _show_once(
        made,
        f"API key {made.key.name} of project {project_id} was made: {made.key.id}",
        "Above is the key itself, shown this once: keep it as you keep a password.",
        "Next: send it as ?key=… or in the header X-Goog-Api-Key.",
    )
    if not any(lists.values()):
        output.note(f"nothing restricts it: leasehold key change {made.key.id} --address …")


@command.command("list")
@project_option
@click.option("--deleted", is_flag=True, help="Deleted keys too, as long as they can be had back.")
@existing
@output.json_option
def list_(engine: Engine, project_id: str, *, deleted: bool) -> None:
    r"""List a project's API keys.

    \b
    Example:
      leasehold key list --project shop
    """

    def run(tx: Transaction, now: int) -> Sequence[KeyDetails]:
        page = api_keys.list_keys(
            tx,
            now,
            operator(),
            project_id=project_id,
            show_deleted=deleted,
            page_size=paging.MAX_SIZE,  # a project has fewer
        )
        return page.items

    output.listing(
        [_value(details.key, details.strings) for details in read(engine, run)],
        {
            "key": "Key id",
            "name": "Name",
            "state": "State",
            "restrictions": "Restricted to",
            "expires_at": "Expires",
        },
        nothing=f"Project {project_id} has no API keys: leasehold key create makes one.",
    )


@command.command()
@_key_argument
@existing
@output.json_option
def show(engine: Engine, key_id: str) -> None:
    r"""Show an API key's settings, and by number and ending the strings by which it is sent.

    \b
    Example:
      leasehold key show KEY_ID
    """

    def run(tx: Transaction, now: int) -> KeyDetails:
        return api_keys.get(
            tx, now, operator(), project_id=_project_of(tx, now, key_id), key_id=key_id
        )

    details = read(engine, run)
    output.details(
        _value(details.key, details.strings),
        {
            "key": "Key id",
            "project": "Project",
            "name": "Name",
            "state": "State",
            "addresses": "Addresses",
            "referrers": "Referrers",
            "apis": "APIs",
            "queues": "Queues",
            "calls_per_minute": "Calls a minute",
            "strings": "Strings",
            "created_at": "Made",
            "expires_at": "Expires",
            "deleted_at": "Deleted",
        },
    )


@command.command()
@_key_argument
@click.option("--name", help="What you call it.")
@_address_option
@click.option("--any-address", is_flag=True, help="Let it be used from every address.")
@_referrer_option
@click.option("--any-referrer", is_flag=True, help="Let it be used from every page, and from none.")
@_api_option
@click.option("--any-api", is_flag=True, help="Let it be used for every API.")
@_queue_option
@click.option("--any-queue", is_flag=True, help="Let it be used on every queue.")
@_calls_option
@click.option("--no-calls-per-minute", is_flag=True, help="Set it no limit of its own.")
@_expires_option
@click.option("--never-expires", is_flag=True, help="Let it last until it is deleted.")
@existing
@output.json_option
def change(  # noqa: PLR0913  # click gives one for each option
    engine: Engine,
    key_id: str,
    name: str | None,
    calls_per_minute: int | None,
    expires: Moment | None,
    *,
    any_address: bool,
    any_referrer: bool,
    any_api: bool,
    any_queue: bool,
    no_calls_per_minute: bool,
    never_expires: bool,
    **lists: tuple[str, ...],
) -> None:
    r"""Change an API key. A list that is given takes the place of the whole old one.

    Running servers obey within a second.

    \b
    Examples:
      leasehold key change KEY_ID --address 203.0.113.0/24 --address 2001:db8::/32
      leasehold key change KEY_ID --any-address --referrer "https://shop.example.com/*"
    """
    open_to_all = dict(zip(_LISTS, (any_address, any_referrer, any_api, any_queue), strict=True))
    _refuse_both("--calls-per-minute", calls_per_minute is not None and no_calls_per_minute)
    _refuse_both("--expires", expires is not None and never_expires)
    for kind, is_open in open_to_all.items():
        _refuse_both(f"a list of {kind}", is_open and bool(lists[kind]))
    given = {kind: lists[kind] for kind in _LISTS if lists[kind] or open_to_all[kind]}
    settings = (name, calls_per_minute, expires)
    is_nothing_given = all(value is None for value in settings) and not given
    if is_nothing_given and not (no_calls_per_minute or never_expires):
        raise click.UsageError("say what to change, for example --address 203.0.113.0/24")

    def run(tx: Transaction, now: int) -> KeyDetails:
        changes = KeyChanges(
            name=UNSET if name is None else name,
            calls_per_minute=_setting(calls_per_minute, is_none=no_calls_per_minute),
            expires_at=_setting(expires(now) if expires else None, is_none=never_expires),
            **given,
        )
        project_id = _project_of(tx, now, key_id)
        return api_keys.change(
            tx, now, operator(), project_id=project_id, key_id=key_id, changes=changes
        )

    details = transact(engine, run)
    output.done(
        _value(details.key, details.strings),
        f"API key {details.key.name} was changed: {details.key.id}",
    )


@command.command()
@_key_argument
@click.option(
    "--older-ends",
    type=MOMENT,
    metavar=METAVAR,
    help="When the older string ends (2027-01-31, 7d; 0m: now).  [default: when you end it]",
)
@existing
@output.json_option
def rotate(engine: Engine, key_id: str, older_ends: Moment | None) -> None:
    r"""Give an API key a second string, printed on standard output; the older one stays good.

    Both are good until the older one ends, by --older-ends or by `leasehold key end`.

    \b
    Examples:
      leasehold key rotate KEY_ID
      leasehold key rotate KEY_ID --older-ends 7d
    """
    box = unlock_for_command(engine)

    def run(tx: Transaction, now: int) -> KeyWithString:
        return api_keys.rotate(
            tx,
            now,
            operator(),
            entropy=Entropy(),
            box=box,
            project_id=_project_of(tx, now, key_id),
            key_id=key_id,
            older_ends_at=older_ends(now) if older_ends else None,
        )

    made = transact(engine, run)
    older = [string for string in made.strings if string.id != made.new_string]
    _show_once(
        made,
        f"API key {made.key.name} has a new string, shown this once; its number is"
        f" {made.new_string}.",
        *(_of_the_older(key_id, string) for string in older),
    )


@command.command()
@_key_argument
@click.argument("string_id", metavar="NUMBER", type=int)
@click.option("--at", type=MOMENT, metavar=METAVAR, help="When (2027-01-31, 7d).  [default: now]")
@existing
@output.json_option
def end(engine: Engine, key_id: str, string_id: int, at: Moment | None) -> None:
    r"""End one string of an API key, now or later. `leasehold key show` lists their numbers.

    \b
    Example:
      leasehold key end KEY_ID 7
    """

    def run(tx: Transaction, now: int) -> KeyDetails:
        return api_keys.end_string(
            tx,
            now,
            operator(),
            project_id=_project_of(tx, now, key_id),
            key_id=key_id,
            string_id=string_id,
            ends_at=at(now) if at else None,
        )

    details = transact(engine, run)
    output.done(
        _value(details.key, details.strings),
        f"String {string_id} of API key {details.key.name} "
        + ("ends then." if at else "has ended; running servers obey within a second."),
    )
    if not details.strings:
        output.note(f"the key has no string now: leasehold key rotate {key_id} makes one")


@command.command()
@_key_argument
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@existing
@output.json_option
def delete(engine: Engine, key_id: str, *, yes: bool) -> None:
    r"""Delete an API key: calls with it are refused. For 30 days you can have it back.

    \b
    Example:
      leasehold key delete KEY_ID
    """

    def find(tx: Transaction, now: int) -> KeyDetails:
        return api_keys.get(
            tx, now, operator(), project_id=_project_of(tx, now, key_id), key_id=key_id
        )

    key = read(engine, find).key
    confirm(f"Delete API key {key.name} of project {key.project_id}?", yes=yes)
    details = transact(
        engine,
        lambda tx, now: api_keys.delete(
            tx, now, operator(), project_id=key.project_id, key_id=key_id
        ),
    )
    output.done(
        _value(details.key, details.strings),
        f"API key {key.name} was deleted; running servers refuse it within a second.",
        f"To have it back within {UNDELETE_DAYS} days: leasehold key undelete {key_id}",
    )


@command.command()
@_key_argument
@existing
@output.json_option
def undelete(engine: Engine, key_id: str) -> None:
    r"""Have a deleted API key back: its strings and restrictions are those that it had.

    \b
    Example:
      leasehold key undelete KEY_ID
    """

    def run(tx: Transaction, now: int) -> KeyDetails:
        return api_keys.undelete(
            tx, now, operator(), project_id=_project_of(tx, now, key_id), key_id=key_id
        )

    details = transact(engine, run)
    output.done(
        _value(details.key, details.strings),
        f"API key {details.key.name} of project {details.key.project_id} is good again.",
    )
    if not details.strings:
        output.note(f"the key has no string: leasehold key rotate {key_id} makes one")


def _project_of(tx: Transaction, now: int, key_id: str) -> str:
    return api_keys.project_of(tx, now, operator(), key_id)


def _refuse_both(option: str, are_both_given: bool) -> None:  # noqa: FBT001  # it reads as a sentence
    if are_both_given:
        raise click.UsageError(f"{option} and its opposite exclude each other")


def _setting(value: int | None, *, is_none: bool) -> int | UnsetType | None:
    """What is to be written: nothing unless it was given, or taken away."""
    return value if value is not None or is_none else UNSET


def _show_once(made: KeyWithString, *sentences: str) -> None:
    """The string alone on stdout, for a pipe; what else there is to say on stderr."""
    if output.is_json_wanted():
        value = {
            **_value(made.key, made.strings),
            "new_string": made.new_string,
            "key_string": made.text,
        }
        output.done(value)
        return
    click.echo(made.text)
    for sentence in sentences:
        output.note(sentence)


def _of_the_older(key_id: str, string: KeyString) -> str:
    name = f"string {string.id} (ending in {string.hint})"
    if string.ends_at is not None:
        return f"{name} ends at {output.instant(string.ends_at):%Y-%m-%d %H:%M:%S} UTC"
    return f"Next: once nobody sends {name} any more: leasehold key end {key_id} {string.id}"


def _value(key: ApiKey, strings: Sequence[KeyString]) -> dict[str, object]:
    restrictions = key.restrictions
    lists = {kind: list(getattr(restrictions, kind)) for kind in _LISTS}
    undelete_until = None if key.deleted_at is None else key.deleted_at + _UNDELETE_MICROSECONDS
    return {
        "key": key.id,
        "project": key.project_id,
        "name": key.name,
        "state": _state(key, strings),
        **lists,
        "restrictions": [kind for kind in _LISTS if lists[kind]],
        "calls_per_minute": key.calls_per_minute,
        "strings": [
            {
                "number": string.id,
                "ending": string.hint,
                "created_at": output.instant(string.created_at),
                "ends_at": output.instant(string.ends_at),
            }
            for string in strings
        ],
        "created_at": output.instant(key.created_at),
        "expires_at": output.instant(key.expires_at),
        "deleted_at": output.instant(key.deleted_at),
        "undelete_until": output.instant(undelete_until),
    }


def _state(key: ApiKey, strings: Sequence[KeyString]) -> str:
    if key.deleted_at is not None:
        return "deleted"
    if key.has_expired(Clock().now()):
        return "expired"
    return "good" if strings else "without a string"
