"""The admin as a whole: sign-in through the product's own page, and third-party pages in the same clothes.

Third-party pages are registered anew, so that they look alike, are for superusers only, and show no secret.
"""

from __future__ import annotations

from allauth.account.admin import EmailAddressAdmin as AllauthEmailAddressAdmin
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.admin import AuthenticatorAdmin as AllauthAuthenticatorAdmin
from allauth.mfa.models import Authenticator
from axes.admin import AccessAttemptAdmin as AxesAttemptAdmin
from axes.admin import AccessFailureLogAdmin as AxesFailureAdmin
from axes.admin import AccessLogAdmin as AxesLogAdmin
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django_celery_beat.admin import ClockedScheduleAdmin as BeatClockedAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BeatCrontabAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BeatTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm as BeatTaskForm
from django_celery_beat.admin import TaskSelectWidget as BeatSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from lane.core.admin_base import (
    InstallationAdmin,
    ModelAdmin,
    SuperuserOnly,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)
from lane.ops import admin_site

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.extra_urls = admin_site.extra_urls  # type: ignore[attr-defined]

for model in (
    AccessAttempt,
    AccessFailureLog,
    AccessLog,
    Authenticator,
    ClockedSchedule,
    CrontabSchedule,
    EmailAddress,
    Group,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Group)
class GroupAdmin(SuperuserOnly, DjangoGroupAdmin, ModelAdmin):
    """Groups of people that a client can be shared with."""


@admin.register(EmailAddress)
class EmailAddressAdmin(SuperuserOnly, AllauthEmailAddressAdmin, ModelAdmin):
    """Addresses people sign in with."""

    list_select_related = ("user",)


@admin.register(Authenticator)
class AuthenticatorAdmin(SuperuserOnly, AllauthAuthenticatorAdmin, ModelAdmin):
    """Second factors; deleting one lets its person set up a new one. Their secrets are not shown."""

    fields = ("user", "type", "created_at", "last_used_at")
    readonly_fields = fields
    list_select_related = ("user",)
    search_fields = ("user__email",)

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(AccessAttempt)
class AccessAttemptAdmin(SuperuserOnly, AxesAttemptAdmin, ModelAdmin):
    """Failed sign-ins; deleting one lifts its lock."""

    # What was typed into the form may hold a mistyped password.
    fieldsets = (
        (None, {"fields": ("username", "ip_address", "user_agent", "path_info", "failures_since_start")}),
    )

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False


class KeptLog(SuperuserOnly):
    """Logs that are read and never touched."""

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(AccessLog)
class AccessLogAdmin(KeptLog, AxesLogAdmin, ModelAdmin):
    """Sign-ins that worked."""


@admin.register(AccessFailureLog)
class AccessFailureLogAdmin(KeptLog, AxesFailureAdmin, ModelAdmin):
    """Sign-ins that failed, where they are kept."""


@admin.register(LogEntry)
class LogEntryAdmin(InstallationAdmin):
    """What was changed in the admin, and by whom."""

    list_display = ("action_time", "user", "content_type", "object_repr", "action_flag")
    list_filter = ("action_flag", "content_type")
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "user__email")
    date_hierarchy = "action_time"


class TaskSelectWidget(UnfoldAdminSelectWidget, BeatSelectWidget):
    """The list of known tasks in the theme's clothes."""


class PeriodicTaskForm(BeatTaskForm):
    """The scheduler's form in the theme's clothes."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelectWidget()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(SuperuserOnly, BeatTaskAdmin, ModelAdmin):
    """What runs when; a job may be switched off here without a deployment."""

    form = PeriodicTaskForm


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(SuperuserOnly, ModelAdmin):
    """Every so often."""

    list_display = ("__str__", "every", "period")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(SuperuserOnly, BeatCrontabAdmin, ModelAdmin):
    """At fixed times."""

    inlines = ()


@admin.register(SolarSchedule)
class SolarScheduleAdmin(SuperuserOnly, ModelAdmin):
    """At sunrise and sunset."""


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(SuperuserOnly, BeatClockedAdmin, ModelAdmin):
    """Once, at one instant."""

    inlines = ()
