"""Every method does what it is for, for whom it is for, and for nobody else."""

import itertools
import json

import pytest
import requests
from openapi_schema_validator import OAS31Validator

from leasehold.oauth2 import scopes
from leasehold.web.administration.method import Method
from leasehold.web.administration.methods import METHODS
from tests.administration_api.examples import BY_ID, FIRST, Place, furnish, send
from tests.administration_api.world import ADMIN, STRANGER, Caller, Json, World
from tests.running_server import OWNER


class DocumentedSchemas:
    """The schemas of the OpenAPI document, as a library reads them that is none of ours."""

    def __init__(self, world: World) -> None:
        reply = requests.get(f"{world.server.url}/openapi/leasehold-v1.json", timeout=30)
        self._document: Json = reply.json()

    def validate(self, name: str, value: object) -> None:
        """Raises ValidationError for what is not as documented."""
        reference = {"$ref": f"#/components/schemas/{name}"}
        checker = OAS31Validator.FORMAT_CHECKER
        OAS31Validator(self._document | reference, format_checker=checker).validate(value)


@pytest.fixture(scope="module")
def documented(shared_world: World) -> DocumentedSchemas:
    return DocumentedSchemas(shared_world)


MEMBER_METHODS = [method for method in METHODS if method.role != "anyone"]
CHANGES = [method for method in METHODS if method.verb != "GET"]
READS = [method for method in METHODS if method.verb == "GET"]

# Parts of a path that are words of ours, the same in every project, and no ids of objects.
WORDS = {"project", "api", "role", "quota", "month", "email"}

_names = itertools.count(1)


def ids_of(methods: list[Method]) -> list[str]:
    return [method.id.removeprefix("leasehold.") for method in methods]


def each(methods: list[Method] | tuple[Method, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("method", methods, ids=ids_of(list(methods)))


@pytest.fixture(scope="module")
def place(sqlite_world: World) -> Place:
    """A project that nobody changes, with one of each object."""
    return furnish(sqlite_world, OWNER, "kept")


@pytest.fixture(scope="module")
def place_of_another(sqlite_world: World) -> Place:
    """The same of somebody else."""
    return furnish(sqlite_world, STRANGER, "foreign")


@pytest.fixture(scope="module")
def stranger(sqlite_world: World) -> Caller:
    return sqlite_world.caller(STRANGER)


@pytest.fixture(scope="module")
def owner(sqlite_world: World) -> Caller:
    return sqlite_world.caller(OWNER)


@pytest.fixture(scope="module")
def reader(sqlite_world: World) -> Caller:
    return sqlite_world.caller(OWNER, scopes.LEASEHOLD_ADMIN_READ)


@pytest.fixture(scope="module")
def worker(sqlite_world: World) -> Caller:
    """The owner, by a client that they gave the scopes of the other API."""
    return sqlite_world.caller(OWNER, scopes.TASKQUEUE | scopes.CONSUMER)


@pytest.fixture(scope="module")
def program(sqlite_world: World) -> Caller:
    """A service account: programs have a part in no project."""
    return sqlite_world.program("leasehold.admin")


@each(METHODS)
def test_it_does_what_it_is_for(
    shared_world: World, documented: DocumentedSchemas, method: Method
) -> None:
    project = f"p-{next(_names)}"
    place = furnish(shared_world, OWNER, project)
    caller = shared_world.caller(OWNER if method.role == "owner" else ADMIN)
    if method.id in FIRST:
        assert 204 == send(caller, BY_ID[FIRST[method.id]], place)[0]

    status, text = send(caller, method, place)

    assert (204 if method.response is None else 200) == status, text
    if method.response is None:
        assert not text
    else:
        documented.validate(method.response.__name__, json.loads(text))


@each([method for method in METHODS if method.role == "owner"])
def test_an_admin_may_not_do_what_is_for_owners(
    sqlite_world: World, place: Place, method: Method
) -> None:
    status, text = send(sqlite_world.caller(ADMIN), method, place)

    assert 403 == status
    assert "forbidden" == json.loads(text)["error"]["errors"][0]["reason"]


@each(MEMBER_METHODS)
def test_to_a_stranger_a_project_looks_like_none(
    stranger: Caller, place: Place, method: Method
) -> None:
    foreign = send(stranger, method, place)
    missing = send(stranger, method, place, project="missing")

    assert 404 == foreign[0]
    assert foreign == (missing[0], missing[1].replace("missing", "kept"))


@each(MEMBER_METHODS)
def test_to_a_program_a_project_looks_like_none(
    program: Caller, place: Place, method: Method
) -> None:
    foreign = send(program, method, place)
    missing = send(program, method, place, project="missing")

    assert 404 == foreign[0]
    assert foreign == (missing[0], missing[1].replace("missing", "kept"))


@pytest.mark.parametrize(
    ("method", "name"),
    [
        pytest.param(method, name, id=f"{method.id}-{name}")
        for method in METHODS
        for name in method.path_parameters
        if name not in WORDS
    ],
)
def test_an_object_of_another_project_looks_like_none(
    owner: Caller, place: Place, place_of_another: Place, method: Method, name: str
) -> None:
    theirs = (place_of_another.ids | place_of_another.of_resource.get(method.resource, {}))[name]
    nobodys = like(theirs)

    foreign = send(owner, method, place, **{name: theirs})
    missing = send(owner, method, place, **{name: nobodys})

    assert 404 == foreign[0], foreign[1]
    assert foreign == (missing[0], missing[1].replace(nobodys, theirs))


def like(text: str) -> str:
    """An id of the same form that nothing has."""
    if text.isdigit():
        return str(int(text) + 1_000_000)
    first = "b" if text[0] != "b" else "c"
    return first + text[1:]


@each(METHODS)
def test_no_scope_of_another_api_is_enough(worker: Caller, place: Place, method: Method) -> None:
    status, text = send(worker, method, place)

    assert 403 == status
    assert "insufficientPermissions" == json.loads(text)["error"]["errors"][0]["reason"]


@each(CHANGES)
def test_the_scope_for_reading_changes_nothing(
    reader: Caller, place: Place, method: Method
) -> None:
    status, text = send(reader, method, place)

    assert 403 == status
    assert "insufficientPermissions" == json.loads(text)["error"]["errors"][0]["reason"]


@each(READS)
def test_the_scope_for_reading_is_enough_to_read(
    reader: Caller, place: Place, method: Method
) -> None:
    assert 200 == send(reader, method, place)[0]


@each(METHODS)
def test_without_a_credential_there_is_nothing(
    sqlite_world: World, place: Place, method: Method
) -> None:
    status, text = send(Caller(sqlite_world.server, None), method, place)

    assert 401 == status
    assert "required" == json.loads(text)["error"]["errors"][0]["reason"]
