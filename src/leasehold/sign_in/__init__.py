"""Signing in: how people prove who they are, and the browsers in which they have."""
