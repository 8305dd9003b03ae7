"""`leasehold queue`: making, showing, changing, granting and pausing."""

from tests.cli.commands import Commands

WORKER = "worker@shop.iam.leasehold.internal"

REFUSALS = {
    "queue create resize --project shop": "already has a queue resize",
    "queue create a_b --project shop": "letters, digits and hyphens",
    "queue create q --project other": "no project 'other'",
    "queue create q --project shop --retry-limit -1": "a retry limit has 0",
    "queue create q --project shop --tombstone-seconds -1": "names stay taken",
    "queue set resize --project shop --retry-limit 9999999999999999999999": "retry limit",
    "queue list --project other": "no project 'other'",
    "queue revoke resize --project shop --role admin \udcff": "not UTF-8",
}
ON_ONE_QUEUE = [
    "show QUEUE",
    "stats QUEUE",
    "pause QUEUE",
    "resume QUEUE",
    "purge QUEUE",
    "delete QUEUE",
    "set QUEUE --retry-limit 1",
    "grant QUEUE --role admin ada@example.com",
    "revoke QUEUE --role admin ada@example.com",
]
UNKNOWN = [
    ("nope", "shop", "project shop has no queue 'nope'"),
    ("resize", "other", "there is no project 'other'"),
    ("\udcff", "shop", "use 1 to 100 letters, digits and hyphens"),
]


def test_create_makes_a_pull_queue_and_names_the_next_step(shop: Commands) -> None:
    said = shop.ok("queue create resize --project shop")

    assert "Queue resize of project shop was made: pull" in said
    assert "leasehold queue grant resize --project shop --role consumer EMAIL" in said


def test_create_takes_all_settings_and_the_whole_acl(shop: Commands) -> None:
    value = shop.json(
        "queue create resize --project shop --mode pull --retry-limit 5 --tombstone-seconds 60"
        f" --strict-leases --consumer {WORKER} --consumer Eve@example.com"
        " --producer web@example.com --admin boss@example.com"
    )

    assert value == shop.json("queue show resize --project shop")
    assert (5, 60, True) == (
        value["retry_limit"],
        value["tombstone_seconds"],
        value["strict_leases"],
    )
    assert ["eve@example.com", WORKER] == value["consumers"]
    assert ["web@example.com"] == value["producers"]
    assert ["boss@example.com"] == value["admins"]


def test_the_acl_takes_addresses_only(shop: Commands) -> None:
    said = shop.misused("queue create resize --project shop --consumer worker")

    assert "'--consumer': 'worker': that is not an e-mail address" in said


def test_show_and_list_are_readable(resize: Commands) -> None:
    resize.fill("resize", 3)

    assert "Mode                            pull\n" in resize.ok("queue show resize --project shop")
    assert "resize  pull  running      3\n" in resize.ok("queue list --project shop")
    assert 3 == resize.json("queue list --project shop")[0]["tasks"]


def test_list_says_how_to_begin_when_there_is_none(shop: Commands) -> None:
    assert "leasehold queue create" in shop.ok("queue list --project shop")


def test_set_changes_what_is_given_and_leaves_the_rest(shop: Commands) -> None:
    shop.ok(f"queue create resize --project shop --tombstone-seconds 60 --consumer {WORKER}")

    value = shop.json("queue set resize --project shop --retry-limit 3 --strict-leases")

    assert (3, True) == (value["retry_limit"], value["strict_leases"])
    assert (60, [WORKER]) == (value["tombstone_seconds"], value["consumers"])
    assert value == shop.json("queue show resize --project shop")


def test_a_retry_limit_of_0_is_none(resize: Commands) -> None:
    resize.ok("queue set resize --project shop --retry-limit 3")

    value = resize.json("queue set resize --project shop --retry-limit 0")

    assert value["retry_limit"] is None


def test_set_without_anything_to_change_is_a_misuse(resize: Commands) -> None:
    assert "--retry-limit" in resize.misused("queue set resize --project shop")


def test_roles_are_granted_and_revoked(resize: Commands) -> None:
    granted = resize.json(f"queue grant resize --project shop --role consumer {WORKER.upper()}")
    revoked = resize.json(f"queue revoke resize --project shop --role consumer {WORKER}")

    assert ([WORKER], []) == (granted["consumers"], revoked["consumers"])
    assert "is not a consumer" in resize.refused(
        f"queue revoke resize --project shop --role consumer {WORKER}"
    )


def test_a_queue_is_paused_and_resumed(resize: Commands) -> None:
    paused = resize.json("queue pause resize --project shop")
    resumed = resize.json("queue resume resize --project shop")

    assert ("paused", "running") == (paused["state"], resumed["state"])
    assert "leasehold queue resume resize" in resize.ok("queue pause resize --project shop")


def test_stats_count_what_the_queue_holds(resize: Commands) -> None:
    resize.fill("resize", 3)

    value = resize.json("queue stats resize --project shop")

    assert (3, 6) == (value["total_tasks"], value["total_bytes"])
    assert value["oldest_eta"].endswith("Z")
    assert "Tasks, leased ones included  3\n" in resize.ok("queue stats resize --project shop")


def test_what_is_not_there_or_wrong_is_told_in_one_line(resize: Commands) -> None:
    for line, why in REFUSALS.items():
        said = resize.refused(line)

        assert why in said
        assert 1 == said.count("\n")


def test_an_unknown_queue_or_project_is_told_in_one_line(resize: Commands) -> None:
    for command in ON_ONE_QUEUE:
        for name, project, why in UNKNOWN:
            line = f"queue {command} --project {project}".replace("QUEUE", name)

            said = resize.refused(line)

            assert why in said
            assert 1 == said.count("\n")
