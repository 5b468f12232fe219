"""Addresses of the shell."""

from __future__ import annotations

from django.urls import path

from lane.web.views import overview

urlpatterns = [path("", overview.overview, name="overview")]
