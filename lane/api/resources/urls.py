"""Addresses of the ground's resources."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from lane.api.resources.activity import ActivityViewSet
from lane.api.resources.api_keys import ApiKeyViewSet
from lane.api.resources.clients import ClientViewSet
from lane.api.resources.jobs import JobViewSet
from lane.api.resources.me import MeView
from lane.api.resources.saved_views import SavedViewViewSet
from lane.api.resources.team import InvitationViewSet, MembershipViewSet

router = SimpleRouter(use_regex_path=False)
router.register("clients", ClientViewSet, basename="api-client")
router.register("memberships", MembershipViewSet, basename="api-membership")
router.register("invitations", InvitationViewSet, basename="api-invitation")
router.register("api-keys", ApiKeyViewSet, basename="api-api-key")
router.register("activity", ActivityViewSet, basename="api-activity")
router.register("saved-views", SavedViewViewSet, basename="api-saved-view")
router.register("jobs", JobViewSet, basename="api-job")

urlpatterns: list[URLPattern | URLResolver] = [path("me/", MeView.as_view(), name="api-me"), *router.urls]
