"""Thin HTTP endpoints over `oauth2/`."""
