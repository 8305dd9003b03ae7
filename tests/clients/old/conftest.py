"""The programs here need the old environment: pytest must not import them to look for examples."""

collect_ignore_glob = ["*_flow.py", "stored.py", "service_account.py"]
