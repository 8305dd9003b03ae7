"""Ids of others: what is not yours is not there, in the very words of what nobody has.

Ada knows every id of Mallory's project and names them in every place where a page takes one: alone
among her own, and all together. The forms are those that Mallory's own pages would send.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from urllib.parse import quote, quote_plus

from tests.people.console.attacks.browsing import Answer, Fields, PlainBrowser
from tests.people.console.attacks.conftest import World
from tests.people.console.attacks.world import (
    ADAS,
    Things,
    Verb,
    address,
    every_page,
    page_of,
    verbs,
    words_of,
)

# Nobody's; of the same letters as those that are there, so that they are quoted alike.
MISSING: Mapping[str, str] = {
    "queue": "missing-queue",
    "paused": "missing-paused",
    "task": "0123456789abcdef",
    "member": "missing-'member@example.com",
    "tester": "missing-'tester@example.com",
    "consumer": "missing-'consumer@example.com",
    "account": f"missing@{ADAS}.iam.leasehold.internal",
    "off_account": f"missing-too@{ADAS}.iam.leasehold.internal",
    "file_key": "0123456789" * 4,
    "client": f"{'0123456789abcdef' * 2}.apps.leasehold.internal",
    "secret": "987654321",
    "key": "0123456789abcdef01234567",
    "string": "987654322",
    "gone_key": "76543210fedcba9876543210",
    "entry": "987654323",
}

# What a query asks for, where it is no address of a thing.
QUERIES = [
    "usage?span=day&credential={client}",
    "usage?span=day&api_key={key}",
    "usage?span=day&email={account}",
    "usage/now?span=hour&group=outcome&api_key={key}",
    "usage/files/calls.json?span=day&api_key={key}",
    "usage/stored?queue={queue}",
    "usage/files/stored.csv?queue={queue}",
    "audit?target=queues/{queue}",
    "audit?target=clients/{client}",
    "audit/json?target=serviceAccounts/{account}",
    "queues?search={queue}",
    "service-accounts?search={account}",
    "api-keys?search={key}",
    "delegations?search={account}",
    "queues/{queue}/access?email={consumer}",
    "explorer/taskqueue.v1beta2/tasks.get?taskqueue={queue}&task={task}",
]

# What only owners may do.
OWNERS_ALONE = {
    "members",
    "members/remove",
    "settings/off",
    "settings/on",
    "settings/delete",
    "settings/undelete",
}


def choices(words: list[str]) -> Iterator[tuple[str, ...]]:
    """Each selection of them that is not empty."""
    for marks in product((False, True), repeat=len(words)):
        chosen = tuple(word for word, is_chosen in zip(words, marks, strict=True) if is_chosen)
        if chosen:
            yield chosen


def renamed(answer: Answer, ids: Mapping[str, str]) -> tuple[int, str, str]:
    """What was answered, with the same word in place of each id, however it is written."""
    spelled = {spelling: word for word, id_ in ids.items() for spelling in spellings(id_)}
    longest_first = sorted(spelled, key=lambda spelling: (-len(spelling), spelling))
    pattern = re.compile("|".join(map(_whole, longest_first)) or r"(?!)")
    body, location = (
        pattern.sub(lambda found: spelled[found[0]], text)
        for text in (answer.text, answer.location)
    )
    return answer.status, location, body


def spellings(id_: str) -> set[str]:
    """In text, at the beginning of a sentence, cut off as pages do it, and in addresses."""
    plain = {id_, id_[:1].upper() + id_[1:], id_[:12]}
    return {spell(text) for text in plain for spell in (str, _in_html, _in_url, quote_plus)}


def _in_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("'", "&#39;")


def _in_url(text: str) -> str:
    return quote(text, safe="")


def _whole(text: str) -> str:
    """Of a number nothing but all of it."""
    return rf"(?<!\w){text}(?!\w)" if text.isdecimal() else re.escape(text)


def asks(browser: PlainBrowser, verb: Verb, project: str, path: str, fields: Fields = ()) -> Answer:
    url = f"/console/{project}/{path}"
    return browser.get(url) if verb == "GET" else browser.post(url, fields)


def with_ids(fields: Fields, before: Mapping[str, str], after: Mapping[str, str]) -> Fields:
    """The form about other things."""
    by_id = {id_: after[word] for word, id_ in before.items() if word in after}
    return [(name, by_id.get(value, value)) for name, value in fields]


def test_every_thing_of_the_project_has_an_id_that_nobody_has(world: World) -> None:
    named = world.theirs.named()

    assert named.keys() - MISSING.keys() == {"project"}
    assert not set(named.values()) & {*MISSING.values(), *world.ours.named().values()}


def test_what_belongs_to_others_is_answered_like_what_nobody_has(world: World) -> None:
    sent = world.their_forms()
    ours, theirs = world.ours.named(), world.theirs.named()
    world.changes()
    tried = 0

    for page in every_page():
        for words, verb in product(choices(words_of(page)), verbs(page)):
            answers = []
            for ids in ({word: theirs[word] for word in words}, {w: MISSING[w] for w in words}):
                path = address(page, ours | ids)
                fields = with_ids(sent.get(page.path, ()), theirs, {**ids})
                answers.append(renamed(asks(world.ada, verb, ADAS, path, fields), ids))
            assert answers[0] == answers[1], (verb, page.path, words)
            assert answers[0][0] in (400, 404), (verb, page.path, words, answers[0])
            tried += 1

    assert tried > len([page for page in every_page() if words_of(page)])
    assert [] == world.changes()


def test_no_report_and_no_search_tells_of_others(world: World) -> None:
    theirs = world.theirs.named()

    for template in QUERIES:
        words = re.findall(r"\{(\w+)\}", template)
        answers = []
        for ids in ({w: theirs[w] for w in words}, {w: MISSING[w] for w in words}):
            path = template.format_map({word: quote(id_, safe="") for word, id_ in ids.items()})
            answers.append(renamed(asks(world.ada, "GET", ADAS, path), ids))
        assert answers[0] == answers[1], template


def test_no_token_of_a_page_leads_to_the_list_of_others(world: World) -> None:
    """A token says where a page begins: in a list that is the reader's own."""
    for name in ("queues", "audit", f"queues/{world.ours.queue}/tasks", "clients", "api-keys"):
        theirs = name.replace(world.ours.queue, world.theirs.queue)
        for token in tokens(world, theirs):
            page = asks(world.ada, "GET", ADAS, f"{name}?page={quote(token, safe='')}").text
            assert not [id_ for id_ in unmistakable(world.theirs) if id_ in page], name


def tokens(world: World, path: str) -> list[str]:
    """Of the pages of Mallory's list, if it has several; and what could be one."""
    found = asks(world.mallory, "GET", world.theirs.project, path).page.addresses()
    return [
        *(path.partition("page=")[2].partition("&")[0] for path in found if "page=" in path),
        "MA",
        "LTE",
        world.theirs.queue,
    ]


def unmistakable(things: Things) -> list[str]:
    """Ids that stand on no page by chance."""
    return [id_ for id_ in things.named().values() if len(id_) > len("987654321")]


def test_a_key_may_name_queues_of_others_and_is_told_nothing_of_them(fresh: World) -> None:
    """Whether such a queue is there is nobody's business but its project's."""
    path = f"api-keys/{fresh.ours.key}"
    pages = []
    for queue in (fresh.theirs.queue, MISSING["queue"]):
        fields = {"name": "Key", "queues": f"{fresh.theirs.project}/{queue}"}
        assert 303 == asks(fresh.ada, "POST", ADAS, path, [*fields.items()]).status
        asks(fresh.ada, "GET", ADAS, path)  # the note is shown once
        page = renamed(asks(fresh.ada, "GET", ADAS, path), {"queue": queue})
        pages.append(re.sub(r'name="filled_from" value="[^"]*"', "", page[2]))

    assert pages[0] == pages[1]


def test_the_project_of_others_is_not_there_with_all_that_is_in_it(world: World) -> None:
    sent = world.their_forms()
    ids = {"project": world.theirs.project}
    world.changes()

    for page in every_page():
        path = address(page, world.theirs.named())
        for verb in verbs(page):
            answers = [
                renamed(
                    asks(world.ada, verb, project, path, sent.get(page.path, ())),
                    {"project": project},
                )
                for project in (ids["project"], "missing-shop")
            ]
            assert answers[0] == answers[1], (verb, page.path)
            assert 404 == answers[0][0], (verb, page.path)

    assert [] == world.changes()


def test_a_form_says_nothing_about_whose_project_it_changes(fresh: World) -> None:
    """Fields that a page does not have are not read: the address alone says what is changed."""
    more = [("project", fresh.theirs.project), ("project_id", fresh.theirs.project)]
    more += [("actor", "mallory@example.com"), ("owner", "ada@example.com"), ("is_owner", "yes")]
    for path, fields in fresh.forms().items():
        page = page_of(path)
        if not path.startswith("settings/"):
            fresh.ada.post(f"/console/{ADAS}/{address(page, fresh.ours.named())}", [*fields, *more])

    log = asks(fresh.mallory, "GET", fresh.theirs.project, "audit?actor=ada@example.com")
    assert "Nothing of that kind was done." in log.text


def test_an_admin_does_nothing_that_is_for_owners(world: World) -> None:
    sent = world.forms()
    world.changes()

    for path in OWNERS_ALONE:
        where = address(page_of(path), world.ours.named())
        answer = asks(world.bob, "POST", ADAS, where, sent[path])
        assert 403 == answer.status, path
        assert [] == world.changes(), path


def test_an_admin_does_everything_else(fresh: World) -> None:
    """Otherwise nothing is known of a page that somebody forgot in the list above."""
    sent = fresh.forms()

    for path, fields in sent.items():
        where = address(page_of(path), fresh.ours.named())
        answer = asks(fresh.bob, "POST", ADAS, where, fields)
        is_for_owners = "only an owner" in answer.text.lower()
        assert (path in OWNERS_ALONE) == is_for_owners, path


def test_who_was_removed_finds_nothing_any_more(fresh: World) -> None:
    """From the next request on, also in a window that stayed open."""
    remove = f"/console/{ADAS}/members/remove?email={quote('bob@example.com')}"
    assert 303 == fresh.ada.post(remove).status
    missing = replace(fresh.ours, project="missing-shop")
    sent = fresh.forms()

    for page in every_page():
        path = address(page, missing.named())
        for verb in verbs(page):
            answer = asks(fresh.bob, verb, ADAS, path, sent.get(page.path, ()))
            assert 404 == answer.status, (verb, page.path)
