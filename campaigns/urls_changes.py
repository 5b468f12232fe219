"""Addresses of change sets, the ledger and the stop switches."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from campaigns.views import change_sets, kill_switches, ledger

urlpatterns: list[URLPattern | URLResolver] = [
    path("changes/", change_sets.change_set_list, name="change-set-list"),
    path("changes/ledger/", ledger.ledger_list, name="ledger-list"),
    path("changes/ledger/<uuid:public_id>/retry/", ledger.change_retry, name="change-retry"),
    path("changes/<uuid:public_id>/", change_sets.change_set_detail, name="change-set-detail"),
    path("changes/<uuid:public_id>/edit/", change_sets.change_set_edit, name="change-set-edit"),
    path("changes/<uuid:public_id>/withdraw/", change_sets.change_set_withdraw, name="change-set-withdraw"),
    path("changes/<uuid:public_id>/undo/", change_sets.change_set_undo, name="change-set-undo"),
    path("stops/", kill_switches.kill_switch_list, name="kill-switch-list"),
    path("stops/stop/", kill_switches.kill_switch_stop, name="kill-switch-stop"),
    path("stops/<uuid:public_id>/resume/", kill_switches.kill_switch_resume, name="kill-switch-resume"),
]
