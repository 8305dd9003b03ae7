"""The actor: who administers, and from where. The audit log says so of every act."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["operator", "person", "service_account"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for an administrative act."""

    kind: Kind
    name: str  # an e-mail address, lower case; an operator's name on the operating system
    address: str  # where from: an IP address, or the host on which the command ran
    client_id: str = ""  # by which OAuth client; "": by the console or the command line

    @property
    def is_operator(self) -> bool:
        """Whether they have the database itself, and so may do everything."""
        return self.kind == "operator"
