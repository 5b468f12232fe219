"""How people get in: by invitation only."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class LaneAccountAdapter(DefaultAccountAdapter):
    """Closes public sign-up; accounts are made by accepting an invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up without an invitation."""
        return False
