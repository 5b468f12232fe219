"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from approvals.views import by_link, inbox, policies

urlpatterns: list[URLPattern | URLResolver] = [
    path("approvals/", inbox.request_list, name="request-list"),
    path("approvals/policies/", policies.policy_list, name="policy-list"),
    path("approvals/policies/edit/", policies.policy_edit, name="policy-edit"),
    path("approvals/policies/clients/<uuid:client_id>/", policies.policy_edit, name="policy-edit-client"),
    path("approvals/policies/<uuid:public_id>/remove/", policies.policy_remove, name="policy-remove"),
    path("approvals/<uuid:public_id>/", inbox.request_detail, name="request-detail"),
    path("approvals/<uuid:public_id>/decide/", inbox.request_decide, name="request-decide"),
    path("a/l/<str:token>", by_link.open_link, name="link-open"),
    path("a/<uuid:public_id>/", by_link.show, name="link-request"),
    path("a/<uuid:public_id>/sign-out/", by_link.sign_out, name="link-sign-out"),
    path("a/<uuid:public_id>/decide/", by_link.decide, name="link-decide"),
]
