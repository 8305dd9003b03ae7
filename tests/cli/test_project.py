"""`leasehold project` and `leasehold api`."""

from tests.cli.commands import Commands

REFUSALS = {
    "project create shop --owner ada@example.com": "already a project shop",
    "project create Shop! --owner ada@example.com": "a project id has",
    "project create other --owner eve@example.com": "no user eve@example.com",
    "project show other": "no project 'other'",
    "project set other --legacy-scopes": "no project 'other'",
    "project add-member other ada@example.com --role admin": "no project 'other'",
    "project add-member shop eve@example.com --role admin": "no user eve@example.com",
    "project remove-member shop eve@example.com": "no user eve@example.com",
    "api enable taskqueue --project other": "no project 'other'",
    "api disable taskqueue --project other": "no project 'other'",
    "api list --project other": "no project 'other'",
    "api list --project \udcff": "no project",
}


def test_create_gives_a_project_its_owner_and_names_the_next_step(ada: Commands) -> None:
    said = ada.ok("project create s~shop --owner Ada@example.com")

    assert "Project shop was made; ada@example.com owns it." in said
    assert "leasehold api enable taskqueue --project shop" in said


def test_show_tells_members_apis_and_settings(shop: Commands) -> None:
    shop.ok("api enable taskqueue --project shop")

    value = shop.json("project show shop")

    assert ["ada@example.com"] == value["owners"]
    assert ["taskqueue"] == value["apis"]
    assert (False, None) == (value["legacy_scopes"], value["total_storage_limit"])
    assert "Owners                  ada@example.com\n" in shop.ok("project show shop")


def test_list_shows_all_projects(shop: Commands) -> None:
    shop.ok("project create bakery --owner ada@example.com")

    assert ["bakery", "shop"] == [project["project"] for project in shop.json("project list")]
    assert "bakery   ada@example.com" in shop.ok("project list")


def test_list_says_how_to_begin_when_there_is_none(ada: Commands) -> None:
    assert "leasehold project create" in ada.ok("project list")


def test_members_come_and_go(shop: Commands) -> None:
    shop.ok("user create eve@example.com --password-stdin", typed="correct horse")

    added = shop.json("project add-member shop eve@example.com --role admin")
    removed = shop.json("project remove-member shop eve@example.com")

    assert (["eve@example.com"], []) == (added["admins"], removed["admins"])


def test_the_last_owner_stays(shop: Commands) -> None:
    assert "needs an owner" in shop.refused("project remove-member shop ada@example.com")
    assert "needs an owner" in shop.refused("project add-member shop ada@example.com --role admin")


def test_set_switches_legacy_scopes(shop: Commands) -> None:
    assert shop.json("project set shop --legacy-scopes")["legacy_scopes"]
    assert not shop.json("project set shop --no-legacy-scopes")["legacy_scopes"]
    assert "--legacy-scopes" in shop.misused("project set shop")


def test_what_is_not_there_or_wrong_is_told_in_one_line(shop: Commands) -> None:
    for line, why in REFUSALS.items():
        said = shop.refused(line)

        assert why in said
        assert 1 == said.count("\n")


def test_an_api_is_off_until_it_is_switched_on(shop: Commands) -> None:
    states = [shop.json("api list --project shop")]
    shop.ok("api enable taskqueue --project shop")
    states.append(shop.json("api list --project shop"))
    shop.ok("api disable taskqueue --project shop")
    states.append(shop.json("api list --project shop"))

    assert [False, True, False] == [state[0]["enabled"] for state in states]
    assert "taskqueue  no" in shop.ok("api list --project shop")


def test_an_unknown_api_is_a_misuse_that_names_the_known_ones(shop: Commands) -> None:
    assert "taskqueue" in shop.misused("api enable translate --project shop")
