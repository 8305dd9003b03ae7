"""Fixtures of the authorization server's tests."""

from pathlib import Path

import pytest

from leasehold.accounts.key_file import KeyPair, generate_key_pair
from tests.oauth2.granting import Granting, make_granting
from tests.oauth2.world import World, make_world


@pytest.fixture(scope="session")
def pair() -> KeyPair:
    return generate_key_pair()


@pytest.fixture(scope="session")
def other_pair() -> KeyPair:
    return generate_key_pair()


@pytest.fixture
def world(database_url: str, pair: KeyPair) -> World:
    """On each engine."""
    return make_world(database_url, pair)


@pytest.fixture
def small_world(tmp_path: Path, pair: KeyPair) -> World:
    """On SQLite only: for what no database decides."""
    return make_world(str(tmp_path / "leasehold.db"), pair)


@pytest.fixture
def granting(world: World) -> Granting:
    """On each engine."""
    return make_granting(world)


@pytest.fixture
def small_granting(small_world: World) -> Granting:
    """On SQLite only: for what no database decides."""
    return make_granting(small_world)
