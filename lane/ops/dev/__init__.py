"""The processes of one development machine, started and stopped together."""
