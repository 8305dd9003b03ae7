"""What is wrong with a queue file: every fault with its line, told together."""

from collections.abc import Iterable
from dataclasses import dataclass

from leasehold.errors import Invalid

MAX_PROBLEMS = 100  # enough to mend a file by; a megabyte of rubbish must not cost a minute
SHOWN_CHARACTERS = 40  # of a value or a key, in a message


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: what is wrong and what would be right. Lines count from 1."""

    line: int
    message: str


class QueueFileInvalid(Invalid):
    """The file cannot be used. `problems` are all its faults, by line.

    A fault of syntax hides what comes after it; past MAX_PROBLEMS the rest is not listed.
    """

    def __init__(self, file_name: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        lines = (f"{file_name}:{problem.line}: {problem.message}" for problem in self.problems)
        super().__init__("\n".join(lines))


class Report:
    """Gathers problems, so that one run tells all of them."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._problems: list[Problem] = []

    def add(self, line: int, message: str) -> None:
        """Notes one; QueueFileInvalid when there are enough."""
        self._problems.append(Problem(line, message))
        if len(self._problems) == MAX_PROBLEMS:
            self._problems[-1] = Problem(line, f"{message} (and the rest was not checked)")
            self.raise_if_any()

    def stop(self, line: int, message: str) -> QueueFileInvalid:
        """For a fault after which nothing more can be read: the error to raise."""
        return QueueFileInvalid(self._file_name, [*self._problems, Problem(line, message)])

    def raise_if_any(self) -> None:
        """QueueFileInvalid when a problem was added."""
        if self._problems:
            raise QueueFileInvalid(self._file_name, self._problems)


def quoted(text: str) -> str:
    """The text as a message shows it: cut, and nothing in it that a terminal would obey."""
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}...")
