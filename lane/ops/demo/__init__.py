"""The demo agency: real people, a real OAuth round trip, real syncs, against the sandbox."""
