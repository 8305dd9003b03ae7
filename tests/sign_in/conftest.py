"""Fixtures of the sign-in tests."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sign_in.world import World, close_world, open_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """On each engine."""
    with asyncio.Runner() as runner:
        world = open_world(database_url, runner)
        yield world
        close_world(world)


@pytest.fixture
def small_world(tmp_path: Path) -> Iterator[World]:
    """On SQLite only: for what no database decides."""
    with asyncio.Runner() as runner:
        world = open_world(str(tmp_path / "leasehold.db"), runner)
        yield world
        close_world(world)
