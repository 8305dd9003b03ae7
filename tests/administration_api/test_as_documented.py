"""The OpenAPI documents say what really happens, whatever is sent, and by whomever.

Schemathesis makes the calls of the documents: good ones, and ones that break a rule of a schema.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from leasehold.oauth2 import scopes
from leasehold.web.administration.methods import METHODS
from leasehold.web.api.methods import METHODS as TASK_QUEUE_METHODS
from tests.administration_api.examples import BODIES, BY_ID, QUERIES, Place, furnish
from tests.administration_api.world import ADMIN, STRANGER, TOOLS, World, world_on
from tests.running_server import OWNER

# Whatever types of parameters, responses and schemas the library has inside.
Operation = APIOperation[Any, Any, Any, Any]
Call = Case[Any]

CHECKED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

ROLES = (OWNER, ADMIN, STRANGER)
COMMON = ("alt", "fields", "prettyPrint", "quotaUser", "userIp")

SELDOM = st.integers(0, 4).map(lambda number: number == 4)

FEW = 8  # calls of each method: half a minute in all
MANY = 150


def is_destructive(operation_id: str) -> bool:
    return BY_ID[operation_id].verb == "DELETE" or operation_id.endswith(("disable", "purge"))


# What leaves least to be called afterwards comes last: projects that are off, or gone.
IDS = sorted(
    (method.id for method in METHODS),
    key=lambda id_: (is_destructive(id_), "projects.d" in id_),
)


class Documented:
    """A server with its documents, and callers of each role."""

    def __init__(self, world: World) -> None:
        self._url = world.server.url
        self._place: Place = furnish(world, OWNER, "kept")
        mask = scopes.LEASEHOLD_ADMIN | scopes.TASKQUEUE
        self._tokens = {email: world.token(email, mask) for email in ROLES}
        for email, project in ((OWNER, "kept"), (STRANGER, TOOLS)):
            world.caller(email).do("PUT", f"projects/{project}/apis/taskqueue", {"enabled": True})
        self._schemas: dict[str, OpenApiSchema] = {}

    def operation(self, document: str, operation_id: str) -> Operation:
        """A method as its document has it."""
        if document not in self._schemas:
            reply = requests.get(f"{self._url}/openapi/{document}.json", timeout=30)
            schema = schemathesis.openapi.from_dict(reply.json())
            schema.config.update(base_url=self._url)
            schema.config.generation.update(with_security_parameters=False)
            self._schemas[document] = schema
        found: Operation = self._schemas[document].find_operation_by_id(operation_id)
        return found

    def answers_as_documented(self, case: Call, email: str, ids: dict[str, str] | None) -> None:
        """Makes the call; with these ids in its path in place of the generated ones."""
        if ids is not None:
            case.path_parameters = {name: ids[name] for name in case.path_parameters}
        reply = case.call(headers={"Authorization": f"Bearer {self._tokens[email]}"})
        case.validate_response(reply, checks=CHECKED)

    def ids(self, resource: str) -> dict[str, str]:
        """What there is, by the names of path parameters of either API."""
        ids = self._place.ids | self._place.of_resource.get(resource, {})
        return ids | {"taskqueue": ids["queue"]}


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Documented]:
    path: Path = tmp_path_factory.mktemp("database") / "leasehold.db"
    with world_on(str(path)) as world:
        yield Documented(world)


def calls(operation: Operation) -> st.SearchStrategy[Call]:
    """Good calls and bad ones."""
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    found: st.SearchStrategy[Call] = good | good | bad
    return found


def call_often(documented: Documented, document: str, operation_id: str, times: int) -> None:
    operation = documented.operation(document, operation_id)
    ids = documented.ids(operation_id.split(".")[1])

    @seed(20_261_121)
    @settings(
        max_examples=times,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=calls(operation),
        email=st.sampled_from(ROLES),
        is_made_up=SELDOM,
        has_common=SELDOM,
        is_generated=st.booleans(),
    )
    def run(
        case: Call, email: str, *, is_made_up: bool, has_common: bool, is_generated: bool
    ) -> None:
        if not is_generated and operation_id in BODIES:
            case.body = BODIES[operation_id]
        if not is_generated and operation_id in QUERIES:
            case.query = dict(QUERIES[operation_id])
        if not has_common and isinstance(case.query, dict):
            case.query = {name: case.query[name] for name in case.query if name not in COMMON}
        documented.answers_as_documented(case, email, None if is_made_up else ids)

    call: Callable[[], None] = run
    call()


@pytest.mark.parametrize(
    "times", [FEW, pytest.param(MANY, marks=pytest.mark.long)], ids=["few", "many"]
)
@pytest.mark.parametrize("operation_id", [method.id for method in TASK_QUEUE_METHODS])
def test_the_task_queue_api_answers_as_documented(
    documented: Documented, operation_id: str, times: int
) -> None:
    call_often(documented, "taskqueue-v1beta2", operation_id, times)


@pytest.mark.parametrize(
    "times", [FEW, pytest.param(MANY, marks=pytest.mark.long)], ids=["few", "many"]
)
@pytest.mark.parametrize("operation_id", IDS)
def test_the_administration_api_answers_as_documented(
    documented: Documented, operation_id: str, times: int
) -> None:
    call_often(documented, "leasehold-v1", operation_id, times)
