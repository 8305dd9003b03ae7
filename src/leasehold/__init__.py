"""Leasehold: a task queue that can stand on the open internet."""

__version__ = "0.1.0"
