"""Administration: every administrative act, allowed or refused, and put down in the audit log."""
