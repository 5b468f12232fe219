"""Portfolios: set up, started and stopped, looked at, moved, rolled back; one module per verb."""
