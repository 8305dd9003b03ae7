"""Quota under 64 callers at once: never more than the limit, and never much less."""

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from leasehold.usage.quotas import DAY, MINUTE, QUEUE_SECONDS, USER_SECONDS
from tests.durability.call_book import DONE, Charge
from tests.durability.callers import Caller, NoMore, Plan, Planner, calling_all
from tests.durability.market import Credential, Market
from tests.durability.scene import SERVERS, Scene, scene
from tests.durability.traffic import SHOP
