"""Fixtures of the command line's tests."""

import pytest

from tests.cli.commands import Commands


@pytest.fixture
def commands(database_url: str) -> Commands:
    """Commands on a database that holds nobody yet."""
    return Commands(database_url)


@pytest.fixture
def ada(commands: Commands) -> Commands:
    """The same, and there is a user."""
    commands.ok("user create ada@example.com --password-stdin", typed="correct horse\n")
    return commands


@pytest.fixture
def shop(ada: Commands) -> Commands:
    """The same, and she has a project."""
    ada.ok("project create shop --owner ada@example.com")
    return ada


@pytest.fixture
def resize(shop: Commands) -> Commands:
    """The same, and it has a queue."""
    shop.ok("queue create resize --project shop")
    return shop
