"""Queues and their tasks: the rules of inserting, leasing, renewing and deleting."""
