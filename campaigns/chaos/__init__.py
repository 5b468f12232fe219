"""Seeded fault runs: real servers, workers and SDKs are broken on purpose, and a checker counts the damage."""
