"""Partial responses: which members `fields` keeps, and which selectors are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasehold.errors import Invalid
from leasehold.web.api import fields
from leasehold.web.api.fields import InvalidFieldSelection, Shape

TASK: Shape = {"kind": None, "id": None, "tag": None, "payloadBase64": None}
TASKS: Shape = {"kind": None, "items": TASK}
QUEUE: Shape = {
    "kind": None,
    "id": None,
    "stats": {"totalTasks": None, "oldestTask": None},
    "acl": {"consumerEmails": None, "producerEmails": None},
}


def tasks() -> dict[str, object]:
    return {
        "kind": "taskqueue#tasks",
        "items": [
            {"kind": "taskqueues#task", "id": "a", "tag": "red", "payloadBase64": "YQ=="},
            {"kind": "taskqueues#task", "id": "b", "payloadBase64": "Yg=="},
        ],
    }


def queue() -> dict[str, object]:
    return {
        "kind": "taskqueues#taskqueue",
        "id": "q",
        "stats": {"totalTasks": 3, "oldestTask": "0"},
        "acl": {"consumerEmails": ["me@example.com"]},
    }


def selected_tasks(selector: str) -> dict[str, object]:
    return fields.parse(selector, TASKS).apply(tasks())


def selected_queue(selector: str) -> dict[str, object]:
    return fields.parse(selector, QUEUE).apply(queue())


def test_a_member_is_kept_alone() -> None:
    assert {"kind": "taskqueue#tasks"} == selected_tasks("kind")


def test_a_list_of_members_is_kept_in_the_order_of_the_reply() -> None:
    assert ["kind", "id"] == list(selected_queue("id,kind"))


def test_a_path_keeps_the_parents_without_their_other_members() -> None:
    assert {"stats": {"totalTasks": 3}} == selected_queue("stats/totalTasks")


def test_a_path_goes_into_every_element_of_an_array() -> None:
    assert {"items": [{"id": "a"}, {"id": "b"}]} == selected_tasks("items/id")


def test_a_parenthesis_is_a_path_for_each_of_its_members() -> None:
    expected = {"kind": "taskqueue#tasks", "items": [{"id": "a", "tag": "red"}, {"id": "b"}]}

    assert expected == selected_tasks("items(id,tag),kind")
    assert expected == selected_tasks("items/id,kind,items/tag")


def test_a_path_may_stand_in_a_parenthesis() -> None:
    shape: Shape = {"a": {"b": None, "c": {"d": None, "e": None}}}
    value: dict[str, object] = {"a": {"b": 1, "c": {"d": 2, "e": 3}}}

    selection = fields.parse("a(b,c/d)", shape)

    assert {"a": {"b": 1, "c": {"d": 2}}} == selection.apply(value)


def test_a_parent_alone_keeps_all_that_is_below_it() -> None:
    assert {"stats": {"totalTasks": 3, "oldestTask": "0"}} == selected_queue("stats")


@pytest.mark.parametrize("selector", ["stats,stats/totalTasks", "stats/totalTasks,stats"])
def test_what_is_named_whole_and_in_part_is_kept_whole(selector: str) -> None:
    assert {"stats": {"totalTasks": 3, "oldestTask": "0"}} == selected_queue(selector)


def test_a_wildcard_keeps_every_member_of_its_level() -> None:
    assert tasks() == selected_tasks("*")
    assert {"items": tasks()["items"]} == selected_tasks("items/*")


def test_below_a_wildcard_only_members_that_have_the_name_are_kept() -> None:
    assert {"stats": {"totalTasks": 3}, "acl": {}} == selected_queue("*/totalTasks")


def test_a_wildcard_and_a_name_at_one_level_both_hold() -> None:
    expected = {"stats": {"totalTasks": 3, "oldestTask": "0"}, "acl": {}}

    assert expected == selected_queue("*/totalTasks,stats/oldestTask")


def test_a_member_that_the_reply_lacks_is_not_invented() -> None:
    selection = fields.parse("items/id", TASKS)

    assert {} == selection.apply({"kind": "taskqueue#tasks"})
    assert {"items": []} == selection.apply({"kind": "taskqueue#tasks", "items": []})


def test_the_reply_itself_is_left_as_it_was() -> None:
    reply = tasks()

    fields.parse("items/id", TASKS).apply(reply)

    assert tasks() == reply


@pytest.mark.parametrize(
    ("selector", "path"),
    [
        ("nothing", "nothing"),
        ("kind,items/nothing", "items/nothing"),
        ("items(id,nothing)", "items/nothing"),
        ("kind/id", "kind/id"),
        ("items/id/*", "items/id/*"),
        ("*/nothing", "*/nothing"),
        (" kind", " kind"),
        ("Kind", "Kind"),
        ("**", "**"),
        ("items[0]", "items[0]"),
    ],
)
def test_a_name_that_no_reply_has_is_refused_with_its_path(selector: str, path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        fields.parse(selector, TASKS)

    assert f"Invalid field selection {path}" == str(refusal.value)
    assert "invalidParameter" == refusal.value.reason
    assert "fields" == refusal.value.field


@pytest.mark.parametrize(
    ("selector", "read"),
    [
        ("", ""),
        (",", ","),
        ("kind,", "kind,"),
        ("kind,,items", "kind,,"),
        ("/kind", "/"),
        ("items/", "items/"),
        ("items//id", "items//"),
        ("items(", "items("),
        ("items()", "items()"),
        ("items(id", "items(id"),
        ("items(id))", "items(id))"),
        ("items(id)/tag", "items(id)/"),
        ("items(id)tag", "items(id)tag"),
        ("items(id)(tag)", "items(id)("),
        ("items/(id)", "items/("),
        ("kind)", "kind)"),
        ("(kind)", "("),
    ],
)
def test_bad_syntax_is_refused_with_what_was_read(selector: str, read: str) -> None:
    with pytest.raises(InvalidFieldSelection) as refusal:
        fields.parse(selector, TASKS)

    assert f"Invalid field selection {read}" == str(refusal.value)


def test_a_selector_may_have_ten_thousand_characters_and_no_more() -> None:
    kinds = ",".join(["kind"] * 1_998)

    fields.parse(f"{kinds},items,kind", TASKS)

    with pytest.raises(InvalidFieldSelection):
        fields.parse(f"{kinds},items,items", TASKS)


@pytest.mark.parametrize("nesting", ["a/", "a("])
def test_a_selector_may_go_twenty_names_deep_and_no_more(nesting: str) -> None:
    shape: dict[str, Shape | None] = {"b": None}
    shape["a"] = shape
    closing = ")" if nesting == "a(" else ""

    fields.parse(f"{nesting * 19}b{closing * 19}", shape)

    with pytest.raises(InvalidFieldSelection):
        fields.parse(f"{nesting * 20}b{closing * 20}", shape)
    with pytest.raises(InvalidFieldSelection):
        fields.parse(nesting * 4_000, shape)


def test_wildcards_after_one_another_cost_no_more_than_their_number() -> None:
    shape: dict[str, Shape | None] = {}
    shape.update({f"m{number}": shape for number in range(20)})

    selection = fields.parse("/".join(["*"] * 20), shape)

    assert {"m1": {}} == selection.apply({"m1": {}})


def test_a_refusal_shows_no_more_than_the_beginning_of_a_long_path() -> None:
    with pytest.raises(InvalidFieldSelection) as refusal:
        fields.parse("x" * 9_000, TASKS)

    assert len(str(refusal.value)) < 150


@given(st.text() | st.text(alphabet="()/,*ab"))
def test_an_arbitrary_selector_is_read_or_refused(selector: str) -> None:
    shape: dict[str, Shape | None] = {"b": None}
    shape["a"] = shape
    value: dict[str, object] = {"a": [{"a": {"b": 1}}, {"b": 2}], "b": 3}
    selected: dict[str, object] = {}

    try:
        selected = fields.parse(selector, shape).apply(value)
    except InvalidFieldSelection as refusal:
        selected = {} if str(refusal).startswith("Invalid field selection ") else {"c": 0}

    assert selected.keys() <= value.keys()


_NAMES = st.text(alphabet="abc", min_size=1, max_size=3)
_LEAVES = st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
_OBJECTS = st.recursive(
    st.dictionaries(_NAMES, _LEAVES, min_size=1),
    lambda inner: st.dictionaries(
        _NAMES, _LEAVES | inner | inner.map(lambda one: [one, one]), min_size=1
    ),
    max_leaves=8,
)


@given(_OBJECTS)
def test_selecting_everything_gives_the_reply_back(value: dict[str, object]) -> None:
    shape = shape_of(value)

    assert value == fields.parse("*", shape).apply(value)
    assert value == fields.parse(selector_of(shape), shape).apply(value)


def shape_of(value: object) -> Shape:
    assert isinstance(value, dict)
    return {name: shape_below(member) for name, member in value.items()}


def shape_below(member: object) -> Shape | None:
    first = member[0] if isinstance(member, list) and member else member
    return shape_of(first) if isinstance(first, dict) else None


def selector_of(shape: Shape) -> str:
    """Every name of the shape, each with all of its names in a parenthesis."""
    return ",".join(
        name if below is None else f"{name}({selector_of(below)})" for name, below in shape.items()
    )
