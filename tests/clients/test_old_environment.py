"""The environment of Google's old client has that client, and nothing that breaks it."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.clients.old_environment import OldEnvironmentMissing, old_python, run_old

LOAD = """
import sys
from oauth2client.client import flow_from_clientsecrets
flow = flow_from_clientsecrets(sys.argv[1], scope="a b", redirect_uri="http://localhost:8085/")
print(flow.client_id, flow.token_uri, flow.step1_get_authorize_url())
"""


def test_the_old_client_reads_a_client_secrets_file(tmp_path: Path) -> None:
    address = "http://localhost:1"
    path = tmp_path / "client_secrets.json"
    secrets = {
        "client_id": "c1",
        "client_secret": "s1",
        "redirect_uris": ["http://localhost"],
        "auth_uri": f"{address}/o/oauth2/auth",
        "token_uri": f"{address}/token",
    }
    path.write_text(json.dumps({"installed": secrets}))

    client_id, token_uri, authorize_url = run_old(LOAD, str(path)).split()

    assert ("c1", secrets["token_uri"]) == (client_id, token_uri)
    assert authorize_url.startswith(f"{secrets['auth_uri']}?")
    assert "access_type=offline" in authorize_url


def test_the_old_environment_is_without_the_library_that_the_old_client_cannot_sign_with() -> None:
    signer = "import oauth2client.crypt as c; print(c.OpenSSLSigner, c.Signer.__module__)"

    assert "None oauth2client._pure_python_crypt\n" == run_old(signer)


def test_the_old_api_client_is_there_too() -> None:
    assert "1.6.7\n" == run_old("import googleapiclient as g; print(g.__version__)")


def test_the_old_environment_is_made_once() -> None:
    before = old_python().parent.stat().st_ino

    assert before == old_python().parent.stat().st_ino


def test_a_lock_that_cannot_be_installed_says_so(tmp_path: Path) -> None:
    lock = tmp_path / "wrong.lock"
    lock.write_text("six==1.17.0 --hash=sha256:" + 64 * "0")

    with pytest.raises(OldEnvironmentMissing, match="pip install"):
        old_python(lock)


def test_what_an_old_script_raises_is_shown() -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_old("raise ValueError('so')")

    assert "ValueError: so" in caught.value.stderr
