"""Addresses of settings, people, clients, keys, invitations and the activity."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from lane.accounts.views import activity, api_keys, clients, join, settings, team

urlpatterns: list[URLPattern | URLResolver] = [
    path("settings/", settings.settings, name="settings"),
    path("settings/organization/", settings.organization_rename, name="organization-rename"),
    path("settings/profile/", settings.profile_edit, name="profile-edit"),
    path("settings/switch/", settings.organization_switch, name="organization-switch"),
    path("settings/team/", team.team_list, name="team-list"),
    path("settings/team/invite/", team.member_invite, name="member-invite"),
    path("settings/team/<uuid:public_id>/", team.member_edit, name="member-edit"),
    path("settings/team/<uuid:public_id>/remove/", team.member_remove, name="member-remove"),
    path("settings/invitations/<uuid:public_id>/resend/", team.invitation_resend, name="invitation-resend"),
    path(
        "settings/invitations/<uuid:public_id>/withdraw/",
        team.invitation_withdraw,
        name="invitation-withdraw",
    ),
    path("settings/clients/", clients.client_list, name="client-list"),
    path("settings/clients/new/", clients.client_create, name="client-create"),
    path("settings/clients/<uuid:public_id>/", clients.client_edit, name="client-edit"),
    path("settings/clients/<uuid:public_id>/archive/", clients.client_archive, name="client-archive"),
    path("settings/clients/<uuid:public_id>/restore/", clients.client_restore, name="client-restore"),
    path("settings/clients/<uuid:public_id>/share/", clients.client_share, name="client-share"),
    path(
        "settings/clients/<uuid:public_id>/guests/<uuid:user_id>/remove/",
        clients.client_unshare,
        name="client-unshare",
    ),
    path("settings/api-keys/", api_keys.api_key_list, name="api-key-list"),
    path("settings/api-keys/<uuid:public_id>/revoke/", api_keys.api_key_revoke, name="api-key-revoke"),
    path("activity/", activity.activity_list, name="activity-list"),
    path("activity/verify/", activity.activity_verify, name="activity-verify"),
    path("join/", join.join, name="join"),
    path("join/<str:token>/", join.join_open, name="join-open"),
]
