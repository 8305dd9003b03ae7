"""A server that counts in a second transaction: the test of exact accounting must find it out.

Run as `python late_count.py before|after CLOCK_FILE serve … DATABASE`: before or after it answers.
Else like `leasehold serve`, at a free port.
"""

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    from tests.durability.machine_clock import set_the_clock

    set_the_clock(Path(sys.argv[2]))

import click
import uvloop

from leasehold.app import Application
from leasehold.cli import secret_key_file
from leasehold.settings import from_environment
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.group import Call
from leasehold.storage.lane import Lane
from leasehold.usage.ledger import ANSWERED, Refusal
from leasehold.web.server import bind, make_server

LATE_SECONDS = 0.5  # so that a kill amid calls comes between the two transactions
