"""Authorization requests without HTTP: how one is read, and what comes next."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasehold.entropy import Entropy
from leasehold.oauth2 import authorization_requests, authorize, clients, consents, scopes, stamps
from leasehold.oauth2.authorize import Asked
from leasehold.oauth2.authorize_decision import (
    AnswerNow,
    AskConsent,
    ChooseAccount,
    Next,
    NotATester,
    SignIn,
    Situation,
    decide,
)
from leasehold.oauth2.authorize_model import (
    Answer,
    AuthorizationRequest,
    AuthorizeError,
    Issuing,
    NotRedirectable,
    Offer,
    PendingConsent,
    ReplyTo,
    SignedInUser,
)
from leasehold.oauth2.client_model import Client, NewClient
from leasehold.oauth2.server import AuthorizationServer
from leasehold.settings import Settings
from leasehold.storage.transaction import Transaction
from tests.oauth2.world import BOX, ISSUER, World

CALLBACK = "https://app.example.com/callback"
TASKQUEUE = "https://www.googleapis.com/auth/taskqueue"
SECOND = 1_000_000
NOW = 1_700_000_000 * SECOND

WEB = Client(
    "id", "app", "web", "n", "e", (CALLBACK,), (), rotates=False, client_credentials=False,
    implicit=False, created_at=0,
)  # fmt: skip
INSTALLED = replace(WEB, type="installed", redirect_uris=("http://127.0.0.1",))
ADA = SignedInUser(
    user_id=1, session_id="s", email="ada@example.com", subject="2" * 21, authenticated_at=NOW
)
REQUEST = AuthorizationRequest(
    client_id="id",
    redirect_uri=CALLBACK,
    response_type="code",
    response_mode="query",
    scopes=scopes.TASKQUEUE,
)


def read(
    *, client: Client = WEB, settings: Settings | None = None, **given: str
) -> AuthorizationRequest:
    """A request that is good but for what is given."""
    usual = {
        "response_type": "code",
        "scope": TASKQUEUE,
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    }
    form = authorize.known({name: [value] for name, value in (usual | given).items()})
    return authorize.read(Asked(form, client, CALLBACK, settings or Settings()))


def refusal(form: authorize.Form) -> AuthorizeError | None:
    try:
        authorize.read(Asked(form, WEB, CALLBACK, Settings()))
    except AuthorizeError as error:
        return error
    return None


def after(request: AuthorizationRequest = REQUEST, **changes: object) -> Next:
    """What comes next for Ada, who granted nothing yet, but for the changes."""
    usual = Situation(
        client=WEB, person=ADA, granted=0, is_allowed=True, proved_since=None, has_chosen=False,
        now=NOW,
    )  # fmt: skip
    return decide(request, replace(usual, **changes))  # type: ignore[arg-type]  # a test's own words


# -- reading


def test_what_is_not_sent_has_its_usual_meaning() -> None:
    request = read()

    assert scopes.TASKQUEUE == request.scopes
    assert not request.is_offline
    assert ((), False, "", None) == (
        request.prompts,
        request.includes_granted,
        request.login_hint,
        request.max_age,
    )


def test_prompts_and_their_older_names_are_one_thing() -> None:
    assert ("login", "consent") == read(prompt="login consent login").prompts
    assert ("consent",) == read(approval_prompt="force").prompts
    assert () == read(approval_prompt="auto").prompts


def test_the_words_of_a_response_type_have_no_order() -> None:
    implicit = replace(WEB, type="browser", implicit=True)
    form = {"response_type": ["token id_token"], "scope": ["openid"], "nonce": ["n"]}

    request = authorize.read(Asked(form, implicit, CALLBACK, Settings(implicit_grant=True)))

    assert ("id_token token", "fragment") == (request.response_type, request.response_mode)


def test_offline_access_without_a_forced_screen_is_left_out() -> None:
    kept = read(scope=f"openid {TASKQUEUE} offline_access", prompt="consent")
    left_out = read(scope=f"openid {TASKQUEUE} offline_access")

    assert (True, True) == (kept.is_offline, bool(kept.scopes & scopes.OFFLINE_ACCESS))
    assert (False, 0) == (left_out.is_offline, left_out.scopes & scopes.OFFLINE_ACCESS)


def test_a_refused_state_or_mode_is_not_used_for_the_refusal() -> None:
    twice = {"state": ["a", "b"], "response_mode": ["fragment", "query"]}

    assert ReplyTo(CALLBACK, "query", None) == authorize.reply_to(twice, CALLBACK)
    assert ReplyTo(CALLBACK, "query", None) == authorize.reply_to({"state": ["a\0"]}, CALLBACK)
    assert "query" == authorize.reply_to({"response_mode": ["form_post"]}, CALLBACK).mode


def test_answers_go_where_the_client_listens() -> None:
    parameters = {"code": "a b"}

    urls = [
        authorize.url(Answer(ReplyTo(CALLBACK, "query", "x&y"), parameters), ISSUER),
        authorize.url(Answer(ReplyTo(f"{CALLBACK}?a=1", "query", "x&y"), parameters), ISSUER),
        authorize.url(Answer(ReplyTo(CALLBACK, "fragment", "x&y"), parameters), ISSUER),
    ]

    told = "code=a%20b&state=x%26y&iss=https%3A%2F%2Fqueue.example.com"
    assert [f"{CALLBACK}?{told}", f"{CALLBACK}?a=1&{told}", f"{CALLBACK}#{told}"] == urls


@given(
    st.dictionaries(
        st.sampled_from([*authorize.MAX_CHARACTERS, "unheard-of"]),
        st.lists(st.text(max_size=60), max_size=2),
    )
)
def test_whatever_strangers_send_is_read_or_refused(form: dict[str, list[str]]) -> None:
    known = authorize.known(form)
    to = authorize.reply_to(known, CALLBACK)

    refused = refusal(known)

    if refused:
        url = authorize.url(authorize.refusal(refused, to), ISSUER)
        assert url.startswith((f"{CALLBACK}?error=", f"{CALLBACK}#error="))
        assert url.isascii()
        assert refused.description.isascii()


# -- what comes next


def test_one_signs_in_and_consents_and_is_remembered() -> None:
    assert SignIn(again=False) == after(person=None)
    assert AskConsent(Offer(scopes.TASKQUEUE, 0, 0)) == after()
    assert AnswerNow(scopes.TASKQUEUE) == after(granted=scopes.TASKQUEUE | scopes.EMAIL)


def test_testers_only_is_said_before_consent() -> None:
    assert NotATester() == after(is_allowed=False, granted=scopes.TASKQUEUE)


@pytest.mark.parametrize(
    "request_",
    [
        replace(REQUEST, prompts=("login",)),
        replace(REQUEST, max_age=60),
        replace(REQUEST, max_age=0),
    ],
)
def test_a_fresh_proof_is_demanded_until_there_is_one(request_: AuthorizationRequest) -> None:
    old = replace(ADA, authenticated_at=NOW - 61 * SECOND)

    assert SignIn(again=True) == after(request_, person=old)
    assert SignIn(again=True) == after(request_, person=old, proved_since=NOW)
    assert isinstance(after(request_, person=old, proved_since=NOW - 70 * SECOND), AskConsent)


def test_who_signs_in_for_the_request_has_chosen_the_account() -> None:
    asked = replace(REQUEST, prompts=("select_account",))
    hinted = replace(REQUEST, login_hint="bob@example.com")

    assert [ChooseAccount("asked"), ChooseAccount("hint")] == [after(asked), after(hinted)]
    for request in (asked, hinted):
        assert isinstance(after(request, proved_since=NOW - 1), AskConsent)
        assert isinstance(after(request, has_chosen=True), AskConsent)


def test_earlier_grants_come_along_for_confidential_clients_only() -> None:
    request = replace(REQUEST, scopes=scopes.EMAIL, includes_granted=True)
    granted = scopes.TASKQUEUE | scopes.OFFLINE_ACCESS

    web, public = after(request, granted=granted), after(request, client=INSTALLED, granted=granted)

    assert AskConsent(Offer(scopes.EMAIL, 0, scopes.TASKQUEUE)) == web
    assert AskConsent(Offer(scopes.EMAIL, 0, 0)) == public


def test_what_could_be_an_imitation_is_confirmed() -> None:
    local = replace(REQUEST, redirect_uri="http://127.0.0.1:1")
    own_scheme = replace(REQUEST, redirect_uri="com.example.app:/cb")
    confirmed = AskConsent(Offer(0, 0, scopes.TASKQUEUE))

    for request in (local, own_scheme):
        assert confirmed == after(request, client=INSTALLED, granted=scopes.TASKQUEUE)
    assert AnswerNow(scopes.TASKQUEUE) == after(client=INSTALLED, granted=scopes.TASKQUEUE)
    assert AnswerNow(scopes.TASKQUEUE) == after(local, granted=scopes.TASKQUEUE)


# -- stamps


def test_a_stamp_is_good_for_its_purpose_and_text_and_quarter_of_an_hour() -> None:
    stamp = stamps.stamp(BOX, NOW, purpose="p", about="a")

    def at(now: int, purpose: str = "p", about: str = "a", text: str = stamp) -> int | None:
        return stamps.stamped_at(BOX, now, text, purpose=purpose, about=about)

    assert NOW == at(NOW + 899 * SECOND)
    assert [None] * 4 == [at(NOW + 900 * SECOND), at(NOW - 1), at(NOW, "q"), at(NOW, "p", "b")]
    assert {None} == {at(NOW, text=stamp[:length]) for length in range(len(stamp))}


# -- a waiting request, on each engine


def ready(world: World) -> tuple[Client, SignedInUser]:
    """A client, and Ada, who looks at its consent screen."""

    def make(tx: Transaction, now: int) -> tuple[Client, SignedInUser]:
        new = NewClient(
            project_id="app", type="browser", name="n", redirect_uris=(CALLBACK,), implicit=True
        )
        client, _ = clients.create(tx, now, Entropy(), BOX, new)
        return client, replace(ADA, user_id=1)

    return world.do(make)


def waiting(world: World, person: SignedInUser, request: AuthorizationRequest) -> str:
    """The secret id of a request that waits for this person."""
    pending = PendingConsent(request, Offer(request.scopes, 0, 0))
    return world.do(
        lambda tx, now: authorization_requests.put(
            tx, now, BOX, Entropy(), person=person, pending=pending
        )
    )


def accept(world: World, person: SignedInUser, request_id: str) -> Answer:
    async def run(server: AuthorizationServer) -> Answer:
        issuing = Issuing(server, person)
        return await server.committer.write(
            lambda tx, now: authorization_requests.accept(
                tx, now, issuing, request_id=request_id, ticked=[TASKQUEUE]
            )
        )

    return world.serve(run)


def test_a_waiting_request_is_stored_as_it_was_validated(world: World) -> None:
    client, person = ready(world)
    request = replace(
        REQUEST, client_id=client.id, state='"\\ü', prompts=("consent",), max_age=5, nonce="n"
    )
    request_id = waiting(world, person, request)

    taken = world.do(
        lambda tx, now: authorization_requests.take(
            tx, now, BOX, person=person, request_id=request_id
        )
    )

    assert request == taken.request


def test_a_waiting_request_is_taken_once_and_by_its_person_and_session(world: World) -> None:
    client, person = ready(world)
    request_id = waiting(
        world,
        person,
        replace(REQUEST, client_id=client.id, code_challenge="a" * 43, challenge_method="S256"),
    )

    for other in (replace(person, user_id=2), replace(person, session_id="t")):
        with pytest.raises(NotRedirectable):
            accept(world, other, request_id)
    assert {"code"} == accept(world, person, request_id).parameters.keys()
    with pytest.raises(NotRedirectable):
        accept(world, person, request_id)


def test_a_legacy_switch_that_is_off_by_the_time_of_the_answer_is_off(world: World) -> None:
    client, person = ready(world)
    request = replace(REQUEST, client_id=client.id, response_type="token", response_mode="fragment")
    request_id = waiting(world, person, request)  # as a server with the switch on has stored it

    answer = accept(world, person, request_id)

    assert "unsupported_response_type" == answer.parameters["error"]
    assert world.do(lambda tx, _: consents.find(tx, 1, client.id)) is None


def test_expired_requests_are_swept(world: World) -> None:
    client, person = ready(world)
    request = replace(REQUEST, client_id=client.id)
    waiting(world, person, request)
    world.hands.seconds += 601
    waiting(world, person, request)

    swept = [world.do(lambda tx, now: authorization_requests.sweep(tx, now, 10)) for _ in range(2)]

    assert [1, 0] == swept


def test_offline_access_alone_and_left_out_leaves_nothing_to_ask_for() -> None:
    with pytest.raises(AuthorizeError) as refusal:
        read(scope="offline_access")

    assert "invalid_scope" == refusal.value.code
    assert read(scope="offline_access", prompt="consent").is_offline


def test_who_opens_consent_screens_for_ever_fills_no_table(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorization_requests, "MAX_WAITING", 2)
    client, person = ready(world)
    elsewhere = replace(person, session_id="another browser's")
    request = replace(
        REQUEST, client_id=client.id, code_challenge="a" * 43, challenge_method="S256"
    )
    untouched = waiting(world, elsewhere, request)

    oldest, *_, newest = [_a_second_later(world, person, request) for _ in range(4)]

    with pytest.raises(NotRedirectable):
        accept(world, person, oldest)
    assert "code" in accept(world, person, newest).parameters
    assert "code" in accept(world, elsewhere, untouched).parameters


def _a_second_later(world: World, person: SignedInUser, request: AuthorizationRequest) -> str:
    world.hands.seconds += 1
    return waiting(world, person, request)
