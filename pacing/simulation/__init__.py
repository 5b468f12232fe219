"""A market to try pacing policies on. It knows nothing of the controllers, and draws fresh flights each time."""
