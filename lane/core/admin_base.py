"""What every admin page shares: who sees which rows, what is never shown, and how money reads.

The admin theme is imported here and nowhere else. Superusers of the installation see every row. Other staff
see exactly what they see in the product: ``visible_to`` of the model for ``request.actor``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from lane.core.actors import Actor
from lane.core.money import format_money

__all__ = [
    "ActionVariant",
    "InstallationAdmin",
    "LaneAdmin",
    "ModelAdmin",
    "ReasonForm",
    "RowsInline",
    "ScopedRelatedFilter",
    "SuperuserOnly",
    "UnfoldAdminSelectWidget",
    "UnfoldAdminTextInputWidget",
    "action",
    "back_to",
    "reason_dialog",
    "rows_of",
]

MISSING = "–"
_SECRET_WORDS = ("password", "secret", "token", "digest", "sealed", "recovery")
_STAMPS = frozenset({"public_id", "created_at", "updated_at"})
_CURRENCY_AT = ("currency", "ad_account", "budget", "plan", "change_set", "client")


def is_secret(field: Any) -> bool:
    """Whether a column holds something nobody reads back: sealed text, digests, passwords."""
    if isinstance(field, models.DateField | models.BooleanField):
        return False
    return isinstance(field, models.BinaryField) or any(word in field.name for word in _SECRET_WORDS)


def shown_fields(model: type[models.Model], hidden: Iterable[str] = ()) -> list[str]:
    """The model's own columns, without keys, secrets and what is hidden; ids and stamps come last."""
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    names = [
        field.name
        for field in fields
        if not is_secret(field) and field.name not in {*hidden, "id"} and not _through_given(field)
    ]
    # What a row is comes before its ids and stamps.
    return sorted(names, key=lambda name: name in _STAMPS)


def rows_of(model: type[models.Model], **lookup: Any) -> QuerySet[Any]:
    """The rows of a model that fit."""
    rows: QuerySet[Any] = model._default_manager.filter(**lookup)
    return rows


def _through_given(field: Any) -> bool:
    through = getattr(field.remote_field, "through", None)
    return through is not None and not through._meta.auto_created


def currency_of(row: Any) -> str:
    """The currency of a row's amounts: its own, or that of what it belongs to."""
    for name in _CURRENCY_AT:
        found = getattr(row, name, None)
        currency = found if isinstance(found, str) else getattr(found, "currency", "")
        if currency:
            return str(currency)
    return ""


def money_column(name: str, label: str) -> Any:
    """A column that shows micros as an amount; a dash when the amount is not known."""

    @admin.display(description=label, ordering=name)
    def column(row: Any) -> str:
        micros, currency = getattr(row, name), currency_of(row)
        if micros is None:
            return MISSING
        return format_money(micros, currency) if currency else f"{micros:,} micros"

    return column


class ScopedRelatedFilter(admin.RelatedFieldListFilter):
    """Offers only the related rows this person may see; plain filters would name everybody's."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        related = model_admin.admin_site._registry.get(field.remote_field.model)
        if related is None:
            return []
        return [(row.pk, str(row)) for row in related.get_queryset(request)[:200]]


class ReasonForm(BaseDialogForm):
    """Asks why before anything happens."""

    reason = forms.CharField(
        min_length=3,
        max_length=300,
        label="Reason",
        help_text="Kept in the activity with your name.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


def reason_dialog(title: str, description: str, submit: str) -> dict[str, Any]:
    """A dialog that says what will happen and asks for the reason."""
    return {
        "title": title,
        "description": description,
        "form_class": ReasonForm,
        "form_submit_text": submit,
    }


def back_to(request: HttpRequest, url: str) -> HttpResponse:
    """Leave a dialog for a page, with and without htmx."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


class RowsInline(TabularInline):
    """Rows shown under their parent; nothing is added, changed or removed there."""

    extra = 0
    can_delete = False
    show_change_link = True
    fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, parent_model: Any, admin_site: Any) -> None:
        super().__init__(parent_model, admin_site)
        add_money_columns(self)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Only the rows that their own page would show this person."""
        rows: QuerySet[Any] = super().get_queryset(request)
        page = self.admin_site._registry.get(self.model)
        if page is None or request.user.is_superuser:
            return rows
        return rows.filter(pk__in=page.get_queryset(request).order_by().values("pk"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Only ever shown under a parent that passed its own check.
        return True


def add_money_columns(holder: Any) -> None:
    """Give an admin ``<name>_text`` for every column in micros of its model."""
    for field in holder.model._meta.concrete_fields:
        if field.name.endswith("_micros"):
            label = field.name.removesuffix("_micros").replace("_", " ")
            setattr(holder, f"{field.name}_text", money_column(field.name, label))


class LaneAdmin(ModelAdmin):
    """Read-only by default: tenant rows are changed by the product, where every rule holds.

    ``editable`` names the few columns that may be changed here. ``for_staff`` False keeps a model to
    superusers. ``plural`` is what the list is called where adding an s would be wrong. Nothing of a tenant is
    ever deleted here.
    """

    ordering: Any = ()
    list_filter: Any = ()
    search_fields: Any = ()
    list_select_related: Any = False
    editable: ClassVar[tuple[str, ...]] = ()
    hidden: ClassVar[tuple[str, ...]] = ()
    for_staff: ClassVar[bool] = True
    plural: ClassVar[str] = ""

    list_per_page = 50
    show_full_result_count = False
    empty_value_display = MISSING
    list_filter_submit = True
    actions = None

    def __init__(self, model: type[models.Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        add_money_columns(self)
        if not (self.ordering or model._meta.ordering):
            self.ordering = ("-pk",)
        if self.plural:
            model._meta.verbose_name_plural = self.plural

    # --- which rows -----------------------------------------------------------------------------------

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        """The rows a staff person sees; models without tenancy of their own override this."""
        manager: Any = self.model._default_manager
        rows: QuerySet[Any] = manager.visible_to(actor) if hasattr(manager, "visible_to") else manager.none()
        return rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        actor = getattr(request, "actor", None)
        if actor is None or not self.for_staff:
            return rows.none()
        return rows.filter(pk__in=self.rows_for(actor).order_by().values("pk"))

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        # Somebody else's row and no row at all answer alike.
        raise Http404

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        # Filtering by parts of a secret would read it out letter by letter.
        if any(word in lookup for word in _SECRET_WORDS):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    # --- what of them ---------------------------------------------------------------------------------

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if self.fields:
            return self.fields
        writable = self.editable if self.has_change_permission(request, obj) else ()
        names = shown_fields(self.model, self.hidden)
        return [
            name if name in writable or not name.endswith("_micros") else f"{name}_text" for name in names
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in self.get_fields(request, obj) if name not in self.editable]

    # --- who may --------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if request.user.is_superuser:
            return True
        if not (self.for_staff and request.user.is_staff and getattr(request, "actor", None)):
            return False
        return obj is None or self.get_queryset(request).filter(pk=getattr(obj, "pk", obj)).exists()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.editable) and obj is not None and self.has_manage_permission(request, obj)

    def has_manage_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the person manages what the row belongs to; guarded actions ask the same."""
        if request.user.is_superuser:
            return True
        row = obj if isinstance(obj, models.Model) else self.get_queryset(request).filter(pk=obj).first()
        if row is None or not self.has_view_permission(request, row):
            return False
        return request.user.has_perm(f"{self.opts.app_label}.manage", row)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class InstallationAdmin(LaneAdmin):
    """Rows of the installation rather than of a tenant: superusers only, read-only."""

    for_staff = False


class SuperuserOnly:
    """Permissions of third-party pages: superusers may do everything there, nobody else anything."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)
