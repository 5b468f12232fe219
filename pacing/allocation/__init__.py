"""Portfolio allocation, pure: response curves, the best split of a day, what to try next. No Django."""
