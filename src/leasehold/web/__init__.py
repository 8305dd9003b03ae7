"""HTTP in and out; no rules."""
