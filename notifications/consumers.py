"""Live hints for open pages."""

from channels.generic.websocket import AsyncJsonWebsocketConsumer


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """Passes "this changed" on to the pages of people who may see it."""
