"""`leasehold demo`: a server, a producer and two workers, one of which dies holding a lease."""

import json
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import click

from leasehold.cli.demo_setup import DemoDirectory, open_directory, set_up
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

LEASE_ONE = """\
from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build

url = "{url}"
key = Credentials.from_service_account_file({key_file})
key = key.with_scopes(["https://www.googleapis.com/auth/taskqueue.consumer"])
key = key.with_subject(key.service_account_email)  # or google-auth shows the token to Google
tasks = build("taskqueue", "v1beta2", credentials=key, discoveryServiceUrl=url).tasks()
leased = tasks.lease(project="demo", taskqueue="mail", numTasks=1, leaseSecs=60).execute()
for task in leased.get("items", []):
    print(task)
    tasks.delete(project="demo", taskqueue="mail", task=task["id"]).execute()
"""


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
            stage.heading("A project, two programs with keys of their own, two queues, a server")
            stage.show(f"$ export LEASEHOLD_DATABASE={shlex.quote(str(directory.database))}")
            use_database(directory.database)
            set_up(stage, directory, url)
            server = stage.serve(free_port, lock=directory.lock)
            _tell_story(stage, directory, url)
        _say_what_is_where(stage, directory, url)
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
    discovery_url = _discovery_url(url)
    producer = stage.program("producer", "produce", str(directory.producer_key), discovery_url)
    worker = ("work", str(directory.worker_key), discovery_url)
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


def _discovery_url(url: str) -> str:
    return f"{url}/discovery/v1/apis/taskqueue/v1beta2/rest"


def _say_what_is_where(stage: Stage, directory: DemoDirectory, url: str) -> None:
    key_file = json.dumps(str(directory.worker_key))  # JSON's quotes are good in Python
    example = LEASE_ONE.format(key_file=key_file, url=_discovery_url(url))
    directory.example.write_text(example, encoding="utf-8")
    stage.heading("What is where")
    for name, place in {
        "API": f"{url}/taskqueue/v1beta2/projects/",
        "Discovery": _discovery_url(url),
        "Tokens": f"{url}/token",
        "Key files": f"{directory.producer_key} {directory.worker_key}",
        "Queues": directory.queue_file,
        "Database": directory.database,
    }.items():
        stage.show(f"  {name:<10} {place}")
    stage.heading(f"A task waits for you in queue {MAIL}; these lines lease it")
    stage.show(example)
    stage.show(f"Run them: {shlex.join([sys.executable, str(directory.example)])}\n")


def _serve_on(stage: Stage, server: Program) -> None:
    stage.say("demo", "serving until Ctrl-C")
    try:
        server.wait()
    except KeyboardInterrupt:
        stage.say("demo", "stopped; run it again to go on with the same directory")
        return
    raise server.failed()
