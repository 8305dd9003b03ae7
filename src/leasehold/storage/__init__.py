"""Databases in general: engines, transactions, group commit, migrations; none of our tables."""
