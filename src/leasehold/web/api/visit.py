"""A visit: one request on its way to its answer. What it is charged as, and that it is counted."""

from collections.abc import Awaitable, Callable
from time import perf_counter

from leasehold.access.admission import Admission, Bill, Caller
from leasehold.errors import Unavailable
from leasehold.web.api import errors
from leasehold.web.api.errors import Failure
from leasehold.web.api.message import Reply


class Visit:
    """Holds what is found out about a request while it is answered."""

    __slots__ = ("_admission", "bill", "pretty")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.bill: Bill | None = None  # None: nobody is known who could pay
        self.pretty = True

    def charge(self, caller: Caller, api: str, method: str, cost: int) -> Bill:
        """From now on the call is the caller's, and will be counted whatever comes of it."""
        self.bill = Bill(caller.charge(api, method, cost))
        return self.bill

    async def answer(
        self, work: Callable[["Visit"], Awaitable[Reply]], word: Callable[[Exception], Failure]
    ) -> Reply:
        """What `work` replies, or the failure as which `word` words what it raises.

        A call of a known caller is counted before it is answered: by the operation that it was,
        and here when it did not come so far.
        """
        started = perf_counter()
        reason = ""
        try:
            reply = await work(self)
            if self.bill is not None and self.bill.is_open:  # it was answered from memory
                await self._admission.count(self.bill, "")
        except Exception as error:  # a stranger's request must never end in a traceback
            failure = await self._counted(word(error), word)
            reply, reason = failure.reply(pretty=self.pretty), failure.reason
        if self.bill is not None:
            self._admission.note_time(self.bill, reason, perf_counter() - started)
        return reply

    async def _counted(self, failure: Failure, word: Callable[[Exception], Failure]) -> Failure:
        """The failure, once it is counted; another one when it cannot be."""
        if failure.status >= errors.INTERNAL:
            return failure  # nobody pays for what is our fault
        try:
            await self._admission.count(self.bill, failure.reason)
        except Unavailable as error:
            return word(error)
        return failure
