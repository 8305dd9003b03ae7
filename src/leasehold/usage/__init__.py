"""Usage: API keys, quota, what was spent, and what it costs."""
