"""Acting from the admin: always as the signed-in person, always with a reason, always on the trail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from lane.accounts.middleware import person_of
from lane.accounts.models import Organization
from lane.audit.services import record, snapshot
from lane.core.actors import Actor
from lane.core.admin_base import LaneAdmin, ReasonForm, UnfoldAdminTextInputWidget, back_to
from lane.core.errors import LaneError


def person_at(request: HttpRequest, organization: Organization) -> Actor:
    """The signed-in person as an actor in an organization, through the door "admin"."""
    return person_of(request, organization).through("admin")


class ReasonedForm(forms.ModelForm):
    """A form that cannot be saved without saying why."""

    reason = forms.CharField(
        min_length=3,
        max_length=300,
        help_text="Why you change this. Kept in the activity with your name.",
        widget=UnfoldAdminTextInputWidget(),
    )


class ActingAdmin(LaneAdmin):
    """Pages with guarded actions or a few editable columns of rows that belong to an organization."""

    form = ReasonedForm
    save_as = False

    def organization_of(self, row: Any) -> Organization:
        """Whose trail an action on the row goes to."""
        return row.organization  # type: ignore[no-any-return]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = list(super().get_fields(request, obj))
        return [*fields, "reason"] if self.has_change_permission(request, obj) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in super().get_readonly_fields(request, obj) if name != "reason"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if not self.has_change_permission(request, obj):
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save only the editable columns, so that nothing a sync wrote meanwhile is put back."""
        stored = self.model._default_manager.get(pk=obj.pk)
        before, after = snapshot(stored), snapshot(obj)
        changed = [name for name in self.editable if before.get(name) != after.get(name)]
        if not changed:
            return
        stamp = ["updated_at"] if hasattr(obj, "updated_at") else []
        obj.save(update_fields=[*changed, *stamp])
        record(
            f"{self.opts.app_label}.{self.opts.model_name}.changed",
            actor=person_at(request, self.organization_of(obj)),
            obj=obj,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
            reason=form.cleaned_data["reason"],
        )

    def carry_out(self, request: HttpRequest, form: ReasonForm, object_id: Any, act: Any) -> HttpResponse:
        """Do one guarded thing to one row this person may see: ``act(row, actor, reason)`` says what was done."""
        row = self.get_object(request, str(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(object_id))  # type: ignore[no-any-return]
        actor = person_at(request, self.organization_of(row))
        try:
            messages.success(request, act(row, actor, form.cleaned_data["reason"]))
        except LaneError as refusal:
            messages.error(request, refusal.message)
        page = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change"
        return back_to(request, reverse(page, args=[object_id]))
