"""Token families beside a model small enough to be obviously right, driven at random."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from leasehold.accounts import projects, users
from leasehold.entropy import Entropy
from leasehold.oauth2 import (
    access_tokens,
    authorization_codes,
    consent_screens,
    consents,
    refresh_tokens,
    revoke,
    token,
    token_families,
)
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.model import TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from leasehold.storage.transaction import Connection, Transaction
from tests.oauth2.granting import Granting, a_client, make_granting
from tests.oauth2.world import BOX, World

T = TypeVar("T")

DAY = 86_400
IDLE_DAYS = 180
CAP = 2  # families with refresh tokens of one client


@dataclass
class ModelConsent:
    """A yes to one of the clients."""

    client: str
    ended: bool = False


@dataclass
class ModelFamily:
    """What the model remembers of a family."""

    consent: ModelConsent
    offline: bool
    last_used: int
    ended: bool = False


@dataclass(eq=False)
class ModelCode:
    consent: ModelConsent
    offline: bool
    ends: int
    family: ModelFamily | None = None  # what its use has given
    swept: bool = False


@dataclass(eq=False)
class ModelToken:
    """An access token or a refresh token."""

    text: str
    family: ModelFamily
    ends: int | None = None  # None for a refresh token
    replaced: int | None = None
    swept: bool = False


@dataclass
class Model:
    codes: dict[str, ModelCode] = field(default_factory=dict)
    access: dict[str, ModelToken] = field(default_factory=dict)
    refresh: dict[str, ModelToken] = field(default_factory=dict)
    families: list[ModelFamily] = field(default_factory=list)
    consents: dict[str, ModelConsent] = field(default_factory=dict)  # live ones, by client
    deleted: set[str] = field(default_factory=set)
    disabled: bool = False


class FamilyMachine(RuleBasedStateMachine):
    """Every rule does the same to the server and to the model, and compares."""

    world: World
    server: AuthorizationServer
    connection: Connection
    wait: Callable[[Coroutine[object, object, object]], object]

    names = st.sampled_from(["lasting", "rotating", "rotating", "doomed"])
    ages = st.integers(0, 7)  # of what is taken up again: 0 is the newest

    @initialize()
    def begin(self) -> None:
        number = next(_numbers)
        project_id = f"machine-{number}"
        email = f"user{number}@example.com"
        self.model = Model()
        self.world.forgotten.clear()

        def make(tx: Transaction, now: int) -> None:
            users.create(tx, now, Entropy(), email=email, password_hash="h")
            projects.create(tx, now, project_id=project_id, owner_email=email)
            projects.enable_api(tx, now, project_id=project_id, api="taskqueue")
            screen = consent_screens.find_to_change(tx, project_id)
            consent_screens.put(tx, replace(screen, stage="production"))

        self.do(make)
        first = make_granting(replace(self.world), project_id=project_id, email=email)
        self.clients: dict[str, Granting] = {
            "lasting": first,
            "rotating": first.of(a_client(project_id=project_id, rotates=True)),
            "doomed": first.of(a_client(project_id=project_id)),
        }

    # -- what happens

    @rule(name=names, offline=st.sampled_from([True, True, False]), at_once=st.booleans())
    def allow(self, name: str, offline: bool, at_once: bool) -> None:  # noqa: FBT001  # hypothesis passes them
        if self.model.disabled or name in self.model.deleted:
            return  # nobody is there to say yes, or nothing to say it to
        text = self.clients[name].code(offline=offline)
        consent = self.model.consents.setdefault(name, ModelConsent(name))
        self.model.codes[text] = ModelCode(consent, offline, self.now + 60)
        if at_once:
            self.exchange(text)

    @rule(age=ages)
    def exchange_a_code(self, age: int) -> None:
        if self.model.codes:
            self.exchange(taken(self.model.codes, age))

    def exchange(self, text: str) -> None:
        code, model = self.model.codes[text], self.model
        client = self.clients[code.consent.client]
        response = self.ask(client.code_form(text))
        if self.is_gone(code.consent.client) or code.swept:
            assert response is None
        elif code.family is not None:
            assert response is None
            code.family.ended = True
        elif self.now >= code.ends or code.consent.ended:
            assert response is None
        else:
            assert response is not None
            code.family = ModelFamily(code.consent, code.offline, self.now)
            model.families.append(code.family)
            self.make_room(code.consent.client)
            assert (response.refresh_token is not None) == code.offline
            self.remember(response, code.family)

    @rule(age=ages)
    def use_a_refresh_token(self, age: int) -> None:
        if self.model.refresh:
            self.use(taken(self.model.refresh, age))

    def use(self, text: str) -> None:
        known = self.model.refresh[text]
        family = known.family
        response = self.ask(self.clients[family.consent.client].refresh_form(text))
        if self.is_gone(family.consent.client) or self.is_over(family) or known.swept:
            assert response is None
        elif known.replaced is not None:
            assert response is None
            family.ended = True
        elif self.now >= family.last_used + IDLE_DAYS * DAY:
            assert response is None
        else:
            assert response is not None
            if self.now - family.last_used >= 60:
                family.last_used = self.now
            if family.consent.client == "rotating":
                known.replaced = self.now
            assert (response.refresh_token is not None) == (known.replaced is not None)
            self.remember(response, family)

    @rule(age=ages, is_access=st.booleans())
    def revoke_a_token(self, age: int, is_access: bool) -> None:  # noqa: FBT001  # hypothesis passes it
        tokens = self.model.access if is_access else self.model.refresh
        if not tokens:
            return
        text = taken(tokens, age)
        known = tokens[text]
        ends = known.ends or known.family.last_used + IDLE_DAYS * DAY
        counts = self.now < ends and not known.swept and not self.is_over(known.family)
        self.wait(revoke.revoke({"token": [text]}, self.server))
        if counts:
            self.end_consent(known.family.consent)

    @rule(name=names)
    def take_consent_back(self, name: str) -> None:
        if name not in self.model.consents:
            return
        self.world.forgotten.extend(self.clients[name].revoke_consent())
        self.end_consent(self.model.consents[name])

    @rule(seconds=st.sampled_from([1, 30, 60, 600, 3600, DAY, 31 * DAY, 100 * DAY]))
    def time_passes(self, seconds: int) -> None:
        self.world.hands.seconds += seconds

    @rule(on=st.sampled_from([True, True, False]))
    def switch_the_user(self, on: bool) -> None:  # noqa: FBT001  # hypothesis passes it
        email = self.clients["lasting"].user.email
        if on:
            self.do(lambda tx, _now: users.enable(tx, email))
        else:
            self.do(lambda tx, now: users.disable(tx, now, email))
        self.model.disabled = not on

    @rule()
    def delete_a_client(self) -> None:
        if "doomed" not in self.model.deleted:
            self.clients["doomed"].delete_client()
            self.model.deleted.add("doomed")

    @rule()
    def sweep(self) -> None:
        """What is swept is as good as unknown; nothing else changes."""
        for sweep in (
            lambda tx, now: token_families.end_idle(tx, now, 100, idle_days=IDLE_DAYS),
            lambda tx, now: authorization_codes.sweep(tx, now, 100),
            lambda tx, now: refresh_tokens.sweep(tx, now, 100),
            lambda tx, now: access_tokens.sweep(tx, now, 100),
            lambda tx, now: token_families.sweep(tx, now, 100),
            lambda tx, now: consents.sweep(tx, now, 100),
        ):
            self.do(sweep)
        for family in self.model.families:
            idle = family.offline and family.last_used < self.now - IDLE_DAYS * DAY
            family.ended = family.ended or idle
        for code in self.model.codes.values():
            code.swept = code.swept or code.ends < self.now - DAY
        for known in self.model.refresh.values():
            replaced = known.replaced is not None and known.replaced < self.now - 30 * DAY
            known.swept = known.swept or replaced

    # -- what holds

    @invariant()
    def the_servers_tokens_are_as_good_as_the_models(self) -> None:
        if not hasattr(self, "model"):
            return
        tokens = [*self.model.access.values(), *self.model.refresh.values()]

        def look(tx: Transaction, now: int) -> list[bool]:
            return [self.is_good_here(tx, now, known) for known in tokens]

        assert [self.is_good(known) for known in tokens] == self.do(look)

    @invariant()
    def whatever_ended_before_its_time_was_told(self) -> None:
        """So that no process goes on to believe in it."""
        if not hasattr(self, "model"):
            return
        forgotten = set(self.world.forgotten)
        for known in self.model.access.values():
            if known.family.ended and known.ends is not None and self.now < known.ends:
                assert access_tokens.digest(known.text) in forgotten

    # -- the model's rules

    def is_gone(self, client: str) -> bool:
        return self.model.disabled or client in self.model.deleted

    def is_over(self, family: ModelFamily) -> bool:
        return family.ended or family.consent.ended

    def is_good(self, known: ModelToken) -> bool:
        family = known.family
        if self.is_gone(family.consent.client) or self.is_over(family) or known.swept:
            return False
        if known.ends is not None:
            return self.now < known.ends
        return known.replaced is None and self.now < family.last_used + IDLE_DAYS * DAY

    def end_consent(self, consent: ModelConsent) -> None:
        if consent.ended:
            return
        consent.ended = True
        del self.model.consents[consent.client]
        for family in self.model.families:
            family.ended = family.ended or family.consent is consent

    def make_room(self, client: str) -> None:
        counted = [
            family
            for family in self.model.families
            if family.offline and not family.ended and family.consent.client == client
        ]
        for family in counted[:-CAP]:
            family.ended = True

    # -- the server

    @property
    def now(self) -> int:
        return self.world.now

    def ask(self, form: dict[str, list[str]]) -> TokenResponse | None:
        try:
            response = self.wait(token.exchange(form, self.server))
        except OAuthError:
            return None
        assert isinstance(response, TokenResponse)
        return response

    def remember(self, response: TokenResponse, family: ModelFamily) -> None:
        text = response.access_token
        self.model.access[text] = ModelToken(text, family, self.now + response.expires_in)
        if response.refresh_token is not None:
            refresh_token = response.refresh_token
            self.model.refresh[refresh_token] = ModelToken(refresh_token, family)

    def is_good_here(self, tx: Transaction, now: int, known: ModelToken) -> bool:
        if known.ends is not None:
            found = access_tokens.find(tx, access_tokens.digest(known.text))
            return found is not None and found.is_good(now)
        kept = refresh_tokens.find(tx, BOX, known.text)
        return kept is not None and refresh_tokens.is_good(kept, now, self.world.settings)

    def do(self, change: Callable[[Transaction, int], T]) -> T:
        """A transaction on a connection that stays, for there are many."""
        tx = self.connection.begin()
        try:
            result = change(tx, self.now * 1_000_000)
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise
        return result


def taken(things: Mapping[str, object], age: int) -> str:
    """The name of one of them, the newest for 0."""
    names = list(things)
    return names[-1 - age % len(names)]


_numbers = iter(range(10**9))


@contextmanager
def running_machine(world: World) -> Iterator[type[FamilyMachine]]:
    """The machine with a server that is there for all its examples."""
    world = replace(world, settings=Settings(refresh_tokens_per_client=CAP))
    loop = asyncio.new_event_loop()
    committer = Committer()

    async def start() -> None:
        committer.start(world.engine.open_lanes(world.hands.clock.now))

    loop.run_until_complete(start())
    connection = world.engine.connect()
    attributes = {
        "world": world,
        "server": world.server(committer),
        "connection": connection,
        "wait": staticmethod(loop.run_until_complete),
    }
    try:
        yield type("Machine", (FamilyMachine,), attributes)
    finally:
        loop.run_until_complete(committer.close())
        loop.close()
        connection.close()


def run(world: World, *, examples: int, steps: int) -> None:
    with running_machine(world) as machine:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_families_live_and_end_as_in_their_model(world: World) -> None:
    # There is one set of rules; PostgreSQL only has to understand the same statements.
    run(world, examples=50 if world.engine.name == "sqlite" else 15, steps=25)


@pytest.mark.long
def test_families_live_and_end_as_in_their_model_for_long(world: World) -> None:
    run(world, examples=1000, steps=50)
