"""One file per REST method, each declaring a record."""
