"""Groups of commands: their help lists commands in the order in which a reader needs them."""

from typing import Any

import click

from leasehold.cli import output
from leasehold.errors import Error

_SENTENCE = 200  # characters, more than the first sentence of any command's help
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells say it


class Group(click.Group):
    """Commands in the order in which they were added."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Adds a command; examples in its help keep their lines."""
        cmd.help = _with_kept_lines(cmd.help)
        super().add_command(cmd, name)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  # click calls with it
        formatter: click.HelpFormatter,
    ) -> None:
        """Writes a sentence on each command; click would cut it to one line."""
        rows = [(name, one.get_short_help_str(_SENTENCE)) for name, one in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click asks with it
        """Their names."""
        return list(self.commands)


def _with_kept_lines(text: str | None) -> str | None:
    # Click wants a backspace character before what it must not wrap; a raw docstring has none.
    return text and text.replace("\\b\n", "\b\n")


class RootGroup(Group):
    """The whole command: here an error of ours becomes a line on stderr and status 1."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes what the command says of itself, its examples as they are."""
        self.help = _with_kept_lines(self.help)
        super().format_help_text(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # whatever the command returns
        """Runs the command; Ctrl-C ends it with status 130."""
        try:
            return super().invoke(ctx)
        except Error as error:
            output.fail(error)
            ctx.exit(1)
        except KeyboardInterrupt:
            output.fail(Error("stopped"), reason="interrupted")
            ctx.exit(INTERRUPTED)
