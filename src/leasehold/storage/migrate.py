"""Migrations: numbered SQL files, each run once and in order, in one transaction."""

import re
from importlib import resources

from leasehold.errors import Conflict
from leasehold.storage.engine import Engine
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Connection

_FILE = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")

# The common dialect has no "does this table exist?"; "create if not exists" asks it.
_VERSION_TABLE = "create table if not exists schema_version (version bigint not null)"

_SQL = parse("""
-- name: applied
select version from schema_version
-- name: record
insert into schema_version (version) values (:version)
""")


def migrate(engine: Engine) -> list[int]:
    """Brings the database to this version's schema; the numbers of the files that were run.

    Raises Conflict when a newer Leasehold has changed the schema in a way unknown here.
    """
    connection = engine.connect()
    try:
        if _is_up_to_date(engine, connection):
            return []
        tx = connection.begin()
        if engine.name == "postgresql":  # two servers that start at once take turns
            connection.run_script("select pg_advisory_xact_lock(7236417)")
        connection.run_script(_VERSION_TABLE)
        applied = {row[0] for row in tx.all(_SQL.applied)}
        files = schema_files()
        _check_known(applied, files)
        missing = sorted(files.keys() - applied)
        for version in missing:
            _apply(connection, files[version], engine.schema_words())
            tx.run(_SQL.record, version=version)
        connection.commit()
        return missing
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.close()


def _is_up_to_date(engine: Engine, connection: Connection) -> bool:
    """A look that takes no lock: nearly always there is nothing to do."""
    try:
        tx = connection.begin(read_only=True)
        return {row[0] for row in tx.all(_SQL.applied)} == schema_files().keys()
    except engine.failures:  # there is no such table yet
        return False
    finally:
        connection.rollback()


def _check_known(applied: set[int], files: dict[int, str]) -> None:
    if unknown := applied - files.keys():
        raise Conflict(
            f"the database has schema version {max(unknown)}, and this Leasehold knows only"
            f" {max(files)}: use the newer release"
        )


def schema_files() -> dict[int, str]:
    """The text of every migration, by number."""
    folder = resources.files("leasehold.storage") / "schema"
    matches = ((file, _FILE.match(file.name)) for file in folder.iterdir())
    return {int(match[1]): file.read_text("utf-8") for file, match in matches if match}


def _apply(connection: Connection, text: str, words: dict[str, str]) -> None:
    for word, meaning in words.items():
        text = text.replace("{" + word + "}", meaning)
    connection.run_script(text)
