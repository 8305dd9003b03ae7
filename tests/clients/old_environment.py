"""The environment of Google's old client, oauth2client 4.1.3: apart from ours, made when needed."""

import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.taking_turns import turn

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / ".cache" / "oauth2client"
LOCK = CHECKOUT / "requirements" / "oauth2client.lock"
INSTALL_SECONDS = 300
RUN_SECONDS = 60


class OldEnvironmentMissing(RuntimeError):
    """It could not be made; the message says what pip said."""


def old_python(lock: Path = LOCK) -> Path:
    """The Python that has what the lock names, installed at first use. Every hash is checked.

    Kept below `.cache/` under the hash of the lock. Raises `OldEnvironmentMissing`.
    """
    key = hashlib.sha256(lock.read_bytes() + platform.python_version().encode()).hexdigest()
    installed = CACHE / key
    with turn("oauth2client"):
        if not installed.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE) as parent:
                # Its python is a link, so it works anywhere.
                _install(lock, Path(parent) / "new").rename(installed)
    return installed / "bin" / "python"


def run_old(script: str, *arguments: str, **environment: str) -> str:
    """What a Python 3 script prints that may import oauth2client and googleapiclient 1.6.

    Raises `subprocess.CalledProcessError`, with the script's stderr, when it fails.
    """
    return subprocess.run(
        [old_python(), "-c", script, *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        env={**os.environ, **environment},
    ).stdout


def _install(lock: Path, target: Path) -> Path:
    _do([sys.executable, "-m", "venv", str(target)])
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _do([str(target / "bin" / "python"), *install, "--require-hashes", "-r", str(lock)])
    return target


def _do(command: list[str]) -> None:
    result = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=INSTALL_SECONDS
    )
    if result.returncode != 0:
        message = f"`{' '.join(command)}` failed; is a package index there?\n{result.stderr}"
        raise OldEnvironmentMissing(message)
