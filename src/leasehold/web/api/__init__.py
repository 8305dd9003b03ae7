"""The resource server: the Task Queue REST API, declared as records."""
