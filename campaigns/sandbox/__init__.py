"""A local stand-in for Google Ads and Meta that speaks their real protocols. Pure Python, no Django."""
