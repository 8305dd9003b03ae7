"""One file per database engine, holding only what differs."""
