"""The composition root: settings, storage, capabilities, web. It wires and does nothing else."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from leasehold.access.admission import Admission, Verifiers
from leasehold.access.directory import Directory
from leasehold.access.freshness import Freshness
from leasehold.access.key_table import KeyTable
from leasehold.access.self_signed_jwt import SelfSignedJwts
from leasehold.access.token_table import TokenTable
from leasehold.accounts import installation
from leasehold.administration.sweep import sweep_deleted_projects
from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.oauth2 import (
    access_tokens,
    authorization_codes,
    authorization_requests,
    consents,
    refresh_tokens,
    signing_keys,
    token_families,
)
from leasehold.oauth2.signing_keys import SigningKeys
from leasehold.queues import sweep, task_id
from leasehold.queues.stats import totals
from leasehold.queues.verbs import hot_verbs
from leasehold.settings import Settings
from leasehold.sign_in import sweep as sign_in_sweep
from leasehold.sign_in.model import SessionLimits
from leasehold.sign_in.server import open_sign_in_server
from leasehold.storage.chores import Chore, run_chores
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys, fold, ledger, meter, storage
from leasehold.usage.latency import Latencies
from leasehold.usage.meter import Meter
from leasehold.usage.unregistered import Unregistered
from leasehold.web.account.page import Pages
from leasehold.web.account.routes import routes as account_routes
from leasehold.web.administration.answer import AdministrationApi
from leasehold.web.administration.method import Services as AdministrationServices
from leasehold.web.administration.methods import METHODS as ADMINISTRATION_METHODS
from leasehold.web.api import discovery
from leasehold.web.api.answer import Api, Gate
from leasehold.web.api.application import ApiApplication, Receive, Scope, Send
from leasehold.web.api.documents import Documents
from leasehold.web.api.method import Method
from leasehold.web.api.method import Services as ApiServices
from leasehold.web.api.methods import METHODS
from leasehold.web.api.router import Router
from leasehold.web.console.routes import GROUPS
from leasehold.web.console.routes import routes as console_routes
from leasehold.web.console.shell import Console
from leasehold.web.oauth.routes import HOT_PATHS
from leasehold.web.oauth.routes import page_routes as oauth_page_routes
from leasehold.web.oauth.routes import routes as oauth_routes
from leasehold.web.oauth.services import Services as OAuthServices
from leasehold.web.openapi.documents import documents
from leasehold.web.openapi.routes import routes as openapi_routes
from leasehold.web.pages import routes as page_routes

SWEPT_TOKENS = 2_000  # records in one transaction


class Application:
    """A server process on a migrated database: an ASGI application between start and stop."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        issuer: str,
        secret_box: SecretBox,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
        methods: Sequence[Method] = METHODS,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._issuer = issuer.rstrip("/")
        self._secret_box = secret_box
        self._clock = clock or Clock()
        self._entropy = entropy or Entropy()
        self._methods = methods
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Opens the lanes and begins to serve; Unavailable when the database cannot be reached."""
        settings = self._settings
        self._committer = committer = Committer(
            deadline=settings.deadline_seconds,
            ledger=ledger.record if settings.accounting else None,
        )
        self._sign_in = open_sign_in_server(
            committer=committer,
            clock=self._clock,
            entropy=self._entropy,
            settings=settings,
            secret_box=self._secret_box,
            issuer=self._issuer,
            end_access=self._end_access,
        )
        pages = Pages(self._sign_in)
        committer.start(self._engine.open_lanes(self._clock.now))
        ids = await committer.write(lambda tx, _: task_id.load(tx, self._entropy))
        await committer.write(partial(_remember_issuer, issuer=self._issuer))
        self._tokens = tokens = TokenTable(committer, self._clock)
        directory = Directory(committer, settings)
        keys = KeyTable(committer, self._secret_box, self._clock)
        self_signed_jwts = SelfSignedJwts(committer, self._clock, self._issuer)
        freshness = Freshness(
            committer,
            tokens,
            directory,
            staleness_seconds=settings.staleness_seconds,
            on_change=[self_signed_jwts.forget, keys.forget_all],
        )
        await freshness.poll()
        latencies = Latencies()
        admission = Admission(
            committer=committer,
            verifiers=Verifiers(tokens, self_signed_jwts, keys, freshness),
            directory=directory,
            meter=Meter(committer, self._clock),
            latencies=latencies,
            is_counting=settings.accounting,
        )
        gate = Gate(admission, directory, self._issuer, query_tokens=settings.query_tokens)
        own_keys = SigningKeys(
            committer, self._secret_box, self._entropy, days=settings.signing_key_days
        )
        services = ApiServices(committer, hot_verbs(ids), settings)
        administration_services = AdministrationServices(
            entropy=self._entropy,
            secret_box=self._secret_box,
            settings=settings,
            verbs=services.verbs,
            issuer=self._issuer,
        )
        administration = AdministrationApi(
            ADMINISTRATION_METHODS,
            gate=gate,
            committer=committer,
            freshness=freshness,
            services=administration_services,
        )
        descriptions = [
            *(
                discovery.document(version, self._issuer, settings)
                for version in discovery.VERSIONS
            ),
            administration.describe(discovery.common_parameters(settings)),
        ]
        unregistered = Unregistered(self._clock, settings.quota_unregistered_per_day)
        self._api = ApiApplication(
            Api(Router(self._methods), gate, services),
            administration,
            Documents(gate, unregistered, descriptions, issuer=self._issuer),
            issuer=self._issuer,
            settings=settings,
        )
        oauth = self._oauth_services(own_keys)
        console = Console(
            pages,
            administration_services,
            groups=GROUPS,
            trust_anew=freshness.poll,
            authorization_server=oauth.authorization_server,
        )
        self._open_pages(pages, oauth, console)
        self._listener = self._engine.listen(freshness.wake)
        self._tasks = [
            asyncio.create_task(freshness.run()),
            asyncio.create_task(own_keys.run()),
            asyncio.create_task(run_chores(committer, _chores(settings, latencies))),
        ]

    def _oauth_services(self, own_keys: SigningKeys) -> OAuthServices:
        return OAuthServices(
            committer=self._committer,
            clock=self._clock,
            entropy=self._entropy,
            settings=self._settings,
            issuer=self._issuer,
            signing_keys=own_keys,
            secret_box=self._secret_box,
            forget_tokens=self._tokens.forget,
        )

    def _open_pages(self, pages: Pages, oauth: OAuthServices, console: Console) -> None:
        endpoints = oauth_routes(oauth)
        self._hot = {route.path: route.app for route in endpoints if route.path in HOT_PATHS}
        self._pages = Starlette(
            routes=[
                *page_routes(pages),
                *account_routes(pages),
                *console_routes(console),
                *endpoints,
                *oauth_page_routes(oauth, pages),
                *openapi_routes(pages, documents(self._issuer, self._settings)),
            ],
            exception_handlers={HTTPException: pages.not_found},
        )
        # Starlette would lead from /signin/ to /signin at whatever host the request names.
        self._pages.router.redirect_slashes = False

    async def stop(self) -> None:
        """Lets what runs finish, and gives the database back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._listener is not None:
            await asyncio.to_thread(self._listener.close)
        await self._sign_in.close()
        await self._committer.close()

    def _end_access(self, tx: Transaction, now: int, user_id: int) -> Callable[[], None]:
        """As sign-in asks for it when a password is changed."""
        ended = consents.revoke_all_of_user(tx, now, user_id, "password")
        return partial(self._tokens.forget, ended)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request: the API's by itself, all other pages by Starlette."""
        hot = self._hot.get(scope["path"])
        if hot is not None:
            await hot(scope, receive, send)
        elif self._api.serves(scope["path"]):
            await self._api(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


def _remember_issuer(tx: Transaction, now: int, *, issuer: str) -> None:  # noqa: ARG001  # every operation is given the time
    installation.put(tx, "issuer", issuer)


def _chores(settings: Settings, latencies: Latencies) -> list[Chore]:
    return [
        Chore("fold_changes", sweep.fold_changes, 5),
        Chore("sweep_leases", sweep.sweep_leases, 600),
        Chore("sweep_names", sweep.sweep_names, 60),
        Chore("sweep_deleted_queues", sweep.sweep_deleted_queues, 30),
        Chore("sweep_tokens", lambda tx, now: access_tokens.sweep(tx, now, SWEPT_TOKENS), 300),
        Chore(
            "sweep_requests",
            lambda tx, now: authorization_requests.sweep(tx, now, SWEPT_TOKENS),
            300,
        ),
        Chore("sweep_codes", partial(authorization_codes.sweep, limit=SWEPT_TOKENS), 300),
        Chore(
            "end_idle_families",
            partial(
                token_families.end_idle, limit=SWEPT_TOKENS, idle_days=settings.refresh_idle_days
            ),
            3600,
        ),
        Chore("sweep_refresh_tokens", partial(refresh_tokens.sweep, limit=SWEPT_TOKENS), 300),
        Chore("sweep_families", partial(token_families.sweep, limit=SWEPT_TOKENS), 300),
        Chore("sweep_consents", partial(consents.sweep, limit=SWEPT_TOKENS), 3600),
        Chore(
            "sweep_sign_in",
            partial(sign_in_sweep.sweep, limit=SWEPT_TOKENS, limits=SessionLimits.of(settings)),
            300,
        ),
        Chore("sweep_signing_keys", signing_keys.sweep, 3600),
        Chore("sweep_deleted_projects", sweep_deleted_projects, 600),
        Chore("sweep_keys", partial(api_keys.sweep, limit=SWEPT_TOKENS), 3600),
        Chore("fold_entries", fold.fold_entries, 5),
        Chore("flush_latencies", latencies.flush, 5),
        Chore(
            "sweep_counts",
            partial(
                fold.sweep_counts,
                limit=SWEPT_TOKENS,
                keep_minutes_days=settings.usage_minutes_days,
                keep_hours_days=settings.usage_hours_days,
                keep_days_days=settings.usage_days_days,
            ),
            600,
        ),
        Chore("sweep_allowances", partial(meter.sweep_allowances, limit=SWEPT_TOKENS), 60),
        Chore("sample_storage", partial(storage.sample, totals=totals), storage.EVERY_SECONDS),
        Chore(
            "sweep_storage",
            partial(
                storage.sweep_storage,
                limit=SWEPT_TOKENS,
                keep_hours_days=settings.usage_hours_days,
                keep_days_days=settings.usage_days_days,
            ),
            3600,
        ),
    ]
