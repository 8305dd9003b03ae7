"""The descriptions of the APIs: for Google's client libraries, for OpenAPI's tools, for people."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
import requests
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from openapi_spec_validator import OpenAPIV31SpecValidator

from leasehold.oauth2 import scopes
from leasehold.web.administration.methods import METHODS
from tests.administration_api.world import Json, World
from tests.running_server import OWNER, PROJECT

DOCUMENTS = ["leasehold-v1", "taskqueue-v1beta2", "taskqueue-v1beta1"]

# How often the Task Queue API's methods are described, by version.
COUNTS = {"leasehold-v1": len(METHODS), "taskqueue-v1beta2": 8, "taskqueue-v1beta1": 5}


def fetch(world: World, path: str, **headers: str) -> requests.Response:
    reply = requests.get(f"{world.server.url}{path}", headers=headers, timeout=30)
    assert 200 == reply.status_code, reply.text
    return reply


def operations(document: Json) -> list[Json]:
    return [one for verbs in document["paths"].values() for one in verbs.values()]


@pytest.mark.parametrize(
    "path", ["openapi/leasehold-v1.json", "openapi/none.json", "oauth2/v3/certs"]
)
def test_no_browser_takes_a_document_for_anything_else(sqlite_world: World, path: str) -> None:
    reply = requests.get(f"{sqlite_world.server.url}/{path}", timeout=30)

    assert "nosniff" == reply.headers["x-content-type-options"]


@pytest.fixture(scope="module")
def library(sqlite_world: World) -> Iterator[Any]:
    """The administration API as Google's client library builds it."""
    url = f"{sqlite_world.server.url}/discovery/v1/apis/{{api}}/{{apiVersion}}/rest"
    token = sqlite_world.token(OWNER, scopes.LEASEHOLD_ADMIN)
    credentials = Credentials(token)  # type: ignore[no-untyped-call]  # the library's
    with build(
        "leasehold", "v1", discoveryServiceUrl=url, credentials=credentials, static_discovery=False
    ) as service:
        yield service


def test_googles_library_builds_every_method(library: Any) -> None:  # noqa: ANN401  # made at run time
    missing = [
        method.id
        for method in METHODS
        if not hasattr(getattr(library, method.resource)(), method.name)
    ]

    assert [] == missing


def test_googles_library_administers(library: Any) -> None:  # noqa: ANN401  # as above
    queues = library.queues()

    made = queues.create(project=PROJECT, body={"name": "googles", "maxTasks": 3}).execute()
    paused = queues.pause(project=PROJECT, queue="googles", body={}).execute()
    listed = queues.list(project=PROJECT, prefix="googles", pageSize=1).execute()
    deleted = queues.delete(project=PROJECT, queue="googles").execute()

    assert 3 == made["maxTasks"]
    assert paused == listed["queues"][0]["queue"]
    assert not deleted


def test_googles_library_sends_calls_together(library: Any) -> None:  # noqa: ANN401  # as above
    replies: dict[str, Json] = {}

    def keep(request_id: str, reply: Json, error: HttpError | None) -> None:
        assert error is None
        replies[request_id] = reply

    batch = library.new_batch_http_request(callback=keep)
    batch.add(library.projects().get(project=PROJECT), request_id="project")
    batch.add(library.members().list(project=PROJECT), request_id="members")
    batch.execute()

    assert PROJECT == replies["project"]["id"]
    assert OWNER in [member["email"] for member in replies["members"]["members"]]


def test_googles_library_says_why_it_was_refused(library: Any) -> None:  # noqa: ANN401  # as above
    with pytest.raises(HttpError) as refused:
        library.members().remove(project=PROJECT, email=OWNER).execute()

    assert "needs an owner" in refused.value.reason
    assert 409 == refused.value.status_code


def test_every_schema_that_a_method_names_is_there(sqlite_world: World) -> None:
    text = fetch(sqlite_world, "/discovery/v1/apis/leasehold/v1/rest").text
    named = set(re.findall(r'"\$ref": "([^"]+)"', text))

    schemas = requests.get(
        f"{sqlite_world.server.url}/$discovery/rest?version=v1", timeout=30
    ).json()["schemas"]

    assert named <= schemas.keys()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_openapi_document_is_valid(sqlite_world: World, name: str) -> None:
    document = fetch(sqlite_world, f"/openapi/{name}.json").json()

    assert [] == list(OpenAPIV31SpecValidator(document).iter_errors())
    assert document["openapi"].startswith("3.1.")
    assert COUNTS[name] == len(operations(document))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_openapi_document_says_how_to_get_a_token(sqlite_world: World, name: str) -> None:
    url = sqlite_world.server.url
    document = fetch(sqlite_world, f"/openapi/{name}.json").json()
    ways = document["components"]["securitySchemes"]

    flow = ways["oauth2"]["flows"]["authorizationCode"]

    assert (f"{url}/o/oauth2/auth", f"{url}/token") == (flow["authorizationUrl"], flow["tokenUrl"])
    assert {"key", "X-Goog-Api-Key"} == {
        way["name"] for way in ways.values() if way["type"] == "apiKey"
    }
    used = {
        scope for one in operations(document) for way in one["security"] for scope in way["oauth2"]
    }
    assert used == flow["scopes"].keys()


def test_who_reads_needs_less_than_who_changes(sqlite_world: World) -> None:
    document = fetch(sqlite_world, "/openapi/leasehold-v1.json").json()
    by_id = {one["operationId"]: one for one in operations(document)}

    def granted(name: str) -> set[str]:
        return {scope for way in by_id[name]["security"] for scope in way["oauth2"]}

    assert {"leasehold.admin", "leasehold.admin.readonly"} == granted("leasehold.queues.list")
    assert {"leasehold.admin"} == granted("leasehold.queues.create")


def test_a_document_that_is_not_there_says_which_are(sqlite_world: World) -> None:
    reply = requests.get(f"{sqlite_world.server.url}/openapi/nothing.json", timeout=30)

    assert 404 == reply.status_code
    assert "/openapi/leasehold-v1.json" in reply.text


class _Page(HTMLParser):
    """The ids and the addresses in a page, and its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        self.links |= {given["href"]} if tag == "a" else set()
        self.scripts += tag == "script" or any(name.startswith("on") for name in given)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_reference_shows_every_method_at_an_address_of_its_own(
    sqlite_world: World, name: str
) -> None:
    document = fetch(sqlite_world, f"/openapi/{name}.json").json()

    page = _Page(fetch(sqlite_world, f"/reference/{name}", Accept="text/html").text)

    ids = {one["operationId"] for one in operations(document)}
    schemas = {f"schema-{schema}" for schema in document["components"]["schemas"]}
    assert ids | schemas <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    within = {link[1:] for link in page.links if link.startswith("#")}
    assert within <= set(page.ids)


def test_the_reference_needs_no_script_and_is_guarded_as_other_pages(sqlite_world: World) -> None:
    reply = fetch(sqlite_world, "/reference/leasehold-v1", Accept="text/html")

    assert 0 == _Page(reply.text).scripts
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "style=" not in reply.text


def test_the_list_of_references_leads_to_each_and_to_its_documents(sqlite_world: World) -> None:
    page = _Page(fetch(sqlite_world, "/reference", Accept="text/html").text)

    leads_to = [
        link for link in page.links if link.startswith(("/reference/", "/openapi/", "/disc"))
    ]
    statuses = [fetch(sqlite_world, link).status_code for link in leads_to]

    assert [200] * 9 == statuses


def test_an_unknown_reference_is_a_page_that_says_so(sqlite_world: World) -> None:
    url = f"{sqlite_world.server.url}/reference/nothing"

    assert 404 == requests.get(url, headers={"Accept": "text/html"}, timeout=30).status_code
