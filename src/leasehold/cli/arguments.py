"""Arguments that several commands have: e-mail addresses and projects."""

import click

from leasehold.accounts.emails import normalize_email
from leasehold.accounts.projects import canonical_project_id
from leasehold.errors import Invalid


class _Email(click.ParamType[str]):
    name = "email"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address in its one spelling."""
        try:
            return normalize_email(value)
        except Invalid as refusal:
            self.fail(f"{value!r}: {refusal.message}", param, ctx)


class _ProjectId(click.ParamType[str]):
    name = "project"

    def convert(
        self,
        value: str,
        param: click.Parameter | None,  # noqa: ARG002  # click gives it
        ctx: click.Context | None,  # noqa: ARG002  # likewise
    ) -> str:
        """The id without an App Engine partition."""
        return canonical_project_id(value)


EMAIL = _Email()
PROJECT_ID = _ProjectId()

project_argument = click.argument("project_id", metavar="PROJECT", type=PROJECT_ID)
project_option = click.option(
    "--project",
    "project_id",
    required=True,
    metavar="PROJECT",
    type=PROJECT_ID,
    help="The project's id.",
)
