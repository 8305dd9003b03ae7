"""Help: every command explains itself and shows an example."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from leasehold.cli.main import command


def leaves(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, part in group.commands.items():
        if isinstance(part, click.Group):
            yield from leaves(part, (*path, name))
        else:
            yield (*path, name), part


COMMANDS = dict(leaves(command))
OF_GROUPS = {path: leaf for path, leaf in COMMANDS.items() if len(path) > 1}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_so_has_every_option(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(command, [*path, "--help"])

    options = [p for p in COMMANDS[path].params if isinstance(p, click.Option)]
    assert 0 == result.exit_code
    assert COMMANDS[path].help
    assert [] == [option.name for option in options if not option.help]


@pytest.mark.parametrize("path", OF_GROUPS, ids=" ".join)
def test_every_command_shows_an_example_of_itself_on_a_line_of_its_own(
    path: tuple[str, ...],
) -> None:
    result = CliRunner().invoke(command, [*path, "-h"])

    examples = [line for line in result.stdout.splitlines() if line.startswith("    ")]
    assert "  Example" in result.stdout
    assert any(line.strip().startswith("leasehold " + " ".join(path)) for line in examples)
    assert "\\b" not in result.stdout


@pytest.mark.parametrize("path", OF_GROUPS, ids=" ".join)
def test_every_command_takes_a_database_and_can_answer_in_json(path: tuple[str, ...]) -> None:
    names = {name for param in COMMANDS[path].params for name in param.opts}

    assert {"--database", "--json"} <= names


def test_the_first_page_leads_from_nothing_to_a_server() -> None:
    page = CliRunner().invoke(command, ["--help"]).stdout

    steps = ["user create", "project create", "api enable", "service-account create", "serve"]
    places = [page.index(f"    leasehold {step}") for step in steps]
    assert sorted(places) == places
