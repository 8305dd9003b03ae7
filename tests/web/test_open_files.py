"""The server may open as many files as its connections need."""

import resource
from collections.abc import Iterator

import pytest

from leasehold.web.server import OTHER_FILES, allow_connections


@pytest.fixture
def few_files() -> Iterator[None]:
    """The usual limit, below the one that this process may raise it to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("few_files")
def test_the_limit_is_raised_to_what_the_connections_need() -> None:
    allowed = allow_connections(1500)

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 1500 == allowed
    assert 1500 + OTHER_FILES == soft


@pytest.mark.usefixtures("few_files")
def test_a_limit_that_is_high_enough_is_left_alone() -> None:
    allowed = allow_connections(100)

    assert 100 == allowed
    assert 1024 == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
