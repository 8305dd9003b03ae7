"""`leasehold demo`: a server, two workers, one of which dies holding a lease, and a person."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import click

from leasehold.cli.demo_programs import ask_ada, discovery_url, lease_one
from leasehold.cli.demo_setup import ADA, DemoDirectory, open_directory, set_up
from leasehold.cli.demo_stage import DemoFailed, Program, Stage, use_database
from leasehold.cli.demo_workers import MAIL, Telling
from leasehold.errors import Invalid
from leasehold.web.server import bind

HOST = "127.0.0.1"
PORTS_TRIED = 50
DEADLINE_SECONDS = 90  # a machine that needs longer is stuck, not slow
LEASE_SECONDS = 3  # of the worker that dies: for so long its task is out of reach
LONG_WORK_SECONDS = 600  # it is killed long before
SHORT_WORK_SECONDS = 0.3


@click.command("demo")
@click.option(
    "--directory",
    "path",
    type=click.Path(file_okay=False, path_type=Path),
    default="leasehold-demo",
    show_default=True,
    help="Where its database, key files and logs are kept; may be an earlier demo's.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8080,
    show_default=True,
    help="Port to serve on; the next free one if it is taken.",
)
@click.option(
    "--exit",
    "is_short",
    is_flag=True,
    envvar="DEMO_EXIT",
    show_envvar=True,
    help="End after the story instead of serving on.",
)
def command(path: Path, port: int, *, is_short: bool) -> None:
    r"""Show a task's way to a worker, and to the next one when that worker dies.

    Starts a server on a database of its own, and a producer and two workers that speak to it
    through Google's client library. Then serves on, for you to try, until Ctrl-C.

    \b
    Example:
      leasehold demo
    """
    _require_client_library()
    signal.signal(signal.SIGTERM, _end)
    with open_directory(path) as directory, Stage(path) as stage:
        free_port = _free_port(port)
        url = f"http://{HOST}:{free_port}"
        if port not in (0, free_port):
            stage.say("demo", f"port {port} is taken, so the server gets {free_port}")
        with _deadline(path):
            stage.heading(
                "A project, two queues, two programs with keys, a client that asks people, a server"
            )
            stage.show(f"$ export LEASEHOLD_DATABASE={shlex.quote(str(directory.database))}")
            use_database(directory.database)
            set_up(stage, directory, url)
            server = stage.serve(free_port, lock=directory.lock)
            _tell_story(stage, directory, url)
        _say_what_is_where(stage, directory, url)
        _show_programs(stage, directory, url)
        if not is_short:
            _serve_on(stage, server)


def _require_client_library() -> None:
    if find_spec("googleapiclient") is None:
        pip = shlex.join([sys.executable, "-m", "pip", "install", "google-api-python-client"])
        raise DemoFailed(f"the demo's workers need Google's client library, install it with: {pip}")


def _end(_number: int, _frame: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def _free_port(wanted: int) -> int:
    """The wanted port or the next free one; Invalid when none of many can be had."""
    ports = range(wanted, min(wanted + PORTS_TRIED, 65_536))
    for port in ports:
        with suppress(Invalid), bind(HOST, port) as listener:
            return int(listener.getsockname()[1])
    raise Invalid(f"none of the ports {ports[0]} to {ports[-1]} can be had: give another --port")


@contextmanager
def _deadline(directory: Path) -> Iterator[None]:
    def give_up(_number: int, _frame: object) -> None:
        raise DemoFailed(f"not done after {DEADLINE_SECONDS} s; {directory} has the logs")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(DEADLINE_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def _tell_story(stage: Stage, directory: DemoDirectory, url: str) -> None:
    # All start at once and wait for their turn: to import Google's library takes a while.
    api = discovery_url(url)
    producer = stage.program("producer", "produce", str(directory.producer_key), api)
    worker = ("work", str(directory.worker_key), api)
    dying = stage.program("worker A", *worker, str(LEASE_SECONDS), str(LONG_WORK_SECONDS))
    steady = stage.program("worker B", *worker, "30", str(SHORT_WORK_SECONDS))
    stage.heading("Tasks go in, by Google's client library and HTTP")
    producer.begin()
    for _ in stage.tellings(producer):
        pass
    stage.heading("Two workers lease them; one dies, and the other gets its task")
    dying.begin()
    held = next(stage.tellings(dying))
    steady.begin()
    tellings = stage.tellings(steady)
    next(tellings)
    _kill(stage, dying, held)
    _see_it_come_back(stage, tellings, held)


def _kill(stage: Stage, worker: Program, held: Telling) -> None:
    worker.kill()
    stage.say(
        "demo",
        f"killed worker A (SIGKILL, process {worker.id}) while it holds {held.about};"
        f" its lease of {LEASE_SECONDS} s runs on",
    )


def _see_it_come_back(stage: Stage, tellings: Iterator[Telling], held: Telling) -> None:
    came_back = False
    for telling in tellings:
        if telling.task == held.task and telling.retry_count == held.retry_count + 1:
            came_back = True
            stage.say("demo", f"{held.about} came back: A's lease ran out, and B leased it anew")
    if not came_back:
        raise DemoFailed(f"{held.about}, which worker A held when it died, did not come back")


def _say_what_is_where(stage: Stage, directory: DemoDirectory, url: str) -> None:
    password = directory.password.read_text(encoding="utf-8").strip()
    stage.heading("What is where")
    for name, place in {
        "API": f"{url}/taskqueue/v1beta2/projects/",
        "Discovery": discovery_url(url),
        "Reference": f"{url}/reference",
        "Tokens": f"{url}/token",
        "Key files": f"{directory.producer_key} {directory.worker_key}",
        "Queues": directory.queue_file,
        "Database": directory.database,
        "Sign in": f"{url}/signin",
        "Ada": f"{ADA}, password {password}",
    }.items():
        stage.show(f"  {name:<10} {place}")


def _show_programs(stage: Stage, directory: DemoDirectory, url: str) -> None:
    stage.heading(f"Tasks wait for you in queue {MAIL}; these lines lease one")
    _show_program(stage, directory.lease_one, lease_one(directory, url))
    stage.heading("These lines ask Ada for access, and lease one in her name")
    _show_program(stage, directory.ask_ada, ask_ada(directory, url))
    if find_spec("google_auth_oauthlib") is None:
        pip = shlex.join([sys.executable, "-m", "pip", "install", "google-auth-oauthlib"])
        stage.show(f"They need one more library, install it with: {pip}")
    stage.show(
        "Open the address that they print in a browser, sign in as Ada, and allow it;\n"
        f"then take it back at {url}/account/access\n"
    )


def _show_program(stage: Stage, path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    stage.show(text)
    stage.show(f"Run them: {shlex.join([sys.executable, str(path)])}")


def _serve_on(stage: Stage, server: Program) -> None:
    stage.say("demo", "serving until Ctrl-C")
    try:
        server.wait()
    except KeyboardInterrupt:
        stage.say("demo", "stopped; run it again to go on with the same directory")
        return
    raise server.failed()
