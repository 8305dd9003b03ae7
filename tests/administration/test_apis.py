"""Administration of APIs: any member switches them, and the log has it once."""

from collections.abc import Iterator

import pytest

from leasehold.accounts.projects import APIS
from leasehold.administration import apis
from leasehold.administration.actor import Actor
from leasehold.errors import Invalid
from tests.administration.office import (
    ALLOWED,
    NOW,
    OWNER,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
)


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def switch(office: Office, actor: Actor, api: str, *, on: bool, project_id: str = SHOP) -> None:
    act = apis.enable if on else apis.disable
    act(office.tx, NOW, actor, project_id=project_id, api=api)


@pytest.mark.parametrize("actor", ALLOWED, ids=str)
@pytest.mark.parametrize("api", APIS)
def test_members_switch_an_api_on_and_off(office: Office, actor: Actor, api: str) -> None:
    states = []
    for is_on in (True, True, False, False):
        switch(office, actor, api, on=is_on)
        states.append(apis.list_apis(office.tx, actor, project_id=SHOP)[api])

    assert [True, True, False, False] == states
    on, off = '{"enabled":true}', '{"enabled":false}'
    assert [
        ("apis.enable", f"apis/{api}", off, on),
        ("apis.disable", f"apis/{api}", on, off),
    ] == [(entry.action, entry.target, entry.before, entry.after) for entry in office.audit()]


def test_all_are_off_at_first(office: Office) -> None:
    assert dict.fromkeys(APIS, False) == apis.list_apis(office.tx, OWNER, project_id=SHOP)


@pytest.mark.parametrize("api", ["", "translate", "taskqueue\0", "\ud800"], ids=ascii)
@pytest.mark.parametrize("on", [True, False])
def test_an_unknown_api_is_refused(office: Office, api: str, *, on: bool) -> None:
    with pytest.raises(Invalid, match="there is no API"):
        switch(office, OWNER, api, on=on)
    assert [] == office.audit()


def test_to_strangers_the_project_is_not_there(office: Office) -> None:
    assert_refused_like_absent(
        office, lambda actor, project: apis.list_apis(office.tx, actor, project_id=project)
    )
    assert_refused_like_absent(
        office,
        lambda actor, project: switch(office, actor, APIS[0], on=True, project_id=project),
    )
    assert_refused_like_absent(
        office,
        lambda actor, project: switch(office, actor, APIS[0], on=False, project_id=project),
    )
