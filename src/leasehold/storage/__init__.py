"""Databases in general: engines, transactions, group commit, migrations. Knows none of our tables."""
