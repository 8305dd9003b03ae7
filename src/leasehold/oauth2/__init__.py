"""The OAuth 2.0 authorization server: rules only; `web/oauth` is its surface."""
