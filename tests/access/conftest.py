"""Fixtures of the access tests: a small world on each engine."""

import pytest

from tests.access.world import World, make_world


@pytest.fixture
def world(database_url: str) -> World:
    return make_world(database_url)
