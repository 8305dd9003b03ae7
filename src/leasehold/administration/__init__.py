"""Administration: every administrative act, allowed or refused, and written down in the audit log."""
