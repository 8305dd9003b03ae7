"""`leasehold serve`: runs the server until Ctrl-C."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import click
import uvloop

from leasehold.app import Application
from leasehold.cli import database, log, secret_key_file
from leasehold.cli.issuer import as_issuer
from leasehold.entropy import Entropy
from leasehold.settings import Settings, from_environment, legacy_switches
from leasehold.sign_in import registration
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.secret_box import SecretBox
from leasehold.web.server import bind, make_server, spare_the_collector

_log = logging.getLogger("leasehold.serve")


@click.command(name="serve")
@database.option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8080,
    show_default=True,
    help="Port; 0 takes a free one.",
)
@click.option(
    "--issuer",
    default="",
    envvar="LEASEHOLD_ISSUER",
    show_envvar=True,
    metavar="URL",
    help="URL by which clients reach this server, e.g. https://tasks.example.com.  "
    "[default: http://HOST:PORT]",
)
@click.option(
    "--tls-certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificate chain (PEM): serves HTTPS without a proxy in front.",
)
@click.option(
    "--tls-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The certificate's private key (PEM).",
)
def command(
    database: str,
    host: str,
    port: int,
    issuer: str,
    tls_certificate: Path | None,
    tls_key: Path | None,
) -> None:
    """Serve the Task Queue API and the token endpoint.

    Prints a line when it is ready and, as long as nobody has an account, a link with which to make
    the first. Ctrl-C or SIGTERM lets the requests under way finish. Other settings come from
    LEASEHOLD_ variables: see docs/settings.md.
    """
    if (tls_certificate is None) != (tls_key is None):
        raise click.UsageError("--tls-certificate and --tls-key go together")
    issuer = as_issuer(issuer) if issuer else ""
    settings = replace(from_environment(), database=database, issuer=issuer)
    log.configure()
    uvloop.run(_serve(settings, host, port, tls_certificate, tls_key))


async def _serve(
    settings: Settings, host: str, port: int, certificate: Path | None, key: Path | None
) -> None:
    for name in legacy_switches(settings):
        is_usual = getattr(settings, name) == getattr(Settings(), name)
        _log.log(logging.INFO if is_usual else logging.WARNING, "legacy.on %s", name)
    engine = open_engine(settings.database, sync=settings.sync)
    await asyncio.to_thread(migrate, engine)
    box = await asyncio.to_thread(secret_key_file.unlock, engine, settings)
    listener = bind(host, port)
    scheme = "https" if certificate else "http"
    shown_host = f"[{host}]" if ":" in host else host
    address = f"{scheme}://{shown_host}:{listener.getsockname()[1]}"
    own_url = settings.issuer or address
    application = Application(engine, settings, issuer=own_url, secret_box=box)
    first = await asyncio.to_thread(_first_link, engine, box, own_url)
    await application.start()
    if not settings.sync:
        click.echo("leasehold: replies do not wait for the disk (LEASEHOLD_SYNC is off)", err=True)
    try:
        server = make_server(
            application,
            settings,
            on_ready=lambda: _say_ready(address, first),
            certificate=certificate,
            key=key,
        )
        spare_the_collector()
        await server.serve(sockets=[listener])
    finally:
        await application.stop()


def _first_link(engine: Engine, box: SecretBox, issuer: str) -> str | None:
    return database.transact(
        engine, lambda tx, now: registration.first_link(tx, now, Entropy(), box, issuer=issuer)
    )


def _say_ready(address: str, first_link: str | None) -> None:
    click.echo(f"leasehold: listening on {address}")
    if first_link is not None:
        click.echo(
            "leasehold: nobody has an account yet; whoever opens this link can make the first:"
        )
        click.echo(f"leasehold: {first_link}")
