"""The console's frame: who gets in, how one finds the way, and what every page is guarded by."""

import re

import pytest
from playwright.sync_api import expect

from leasehold.accounts import projects
from leasehold.storage.transaction import Transaction
from tests.browser import HEIGHT, NARROW, NewPage
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, BOB, SHOP
from tests.people.test_keyboard import presses, tabs_to, types
from tests.people.test_safety import _SEND_FORM as SEND_FORM
from tests.people.visitor import ADA, Visitor
from tests.running_server import OWNER, PROJECT, RunningServer
