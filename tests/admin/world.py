"""One row of everything the admin shows, in one agency, with secrets that must never appear."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client as Browser
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from approvals.models import ApprovalLink, ApprovalPolicy, ApprovalRequest, Decision, RequestApprover
from campaigns.models import (
    AccountDay,
    AccountDayFreshness,
    AccountGuardDay,
    Ad,
    AdAccount,
    AdCampaign,
    AdGroup,
    Budget,
    BudgetSimulation,
    BudgetSpender,
    BudgetValue,
    Change,
    ChangeSet,
    Connection,
    CsvImport,
    Drift,
    KillSwitch,
    SyncRun,
    WriteCall,
)
from lane.accounts.models import (
    ApiKey,
    Client,
    ClientGroupObjectPermission,
    ClientUserObjectPermission,
    Invitation,
    Membership,
    Organization,
    Role,
    SavedView,
    User,
)
from lane.audit.models import AuditHead
from lane.audit.services import record
from lane.core import clock, sealed_fields
from lane.core.actors import Actor
from lane.core.models import (
    ClockOffset,
    Event,
    EventDelivery,
    Heartbeat,
    IdempotentRequest,
    Job,
    ScheduleSlot,
)
from notifications.models import DevMail, EmailDelivery, Notification
from pacing.models import (
    AllocationLook,
    AllocationMove,
    ArmBudget,
    BudgetPlan,
    Experiment,
    Explanation,
    FxRate,
    GroupLimit,
    LearnedShape,
    LedgerEntry,
    Offer,
    PacingRun,
    PlanAmendment,
    PlanBudget,
    PlannedEvent,
    PlanSeries,
    PlanSnapshot,
    Portfolio,
    PortfolioArm,
    ProjectionScore,
    Recommendation,
    Shortfall,
)

CANARY = "canary7f3e"
EUR = 1_000_000


@dataclass
class World:
    """The agency, another one, and who works where."""

    us: Organization
    them: Organization
    client: Client
    root: User
    admin: User
    viewer: User
    stranger: User
    connection: Connection
    account: AdAccount
    request: ApprovalRequest
    link: ApprovalLink
    key: ApiKey


def _person(name: str, organization: Organization | None, role: str = "", **fields: object) -> User:
    user = User.objects.create_user(
        f"{name}@fernhill.example", f"{CANARY} password", name=name.title(), **fields
    )
    if organization is not None:
        Membership.objects.create(organization=organization, user=user, role=role)
    return user


def build() -> World:
    now = clock.now()
    us = Organization.objects.create(name="Fernhill Media")
    them = Organization.objects.create(name="Quokka Partners")
    client = Client.objects.create(organization=us, name="Pinewick Coffee", budget_limit_micros=90_000 * EUR)
    root = User.objects.create_superuser("root@fernhill.example", f"{CANARY} password", name="Root")
    admin = _person("ada", us, Role.ADMIN, is_staff=True)
    viewer = _person("vera", us, Role.VIEWER, is_staff=True)
    stranger = _person("olga", them, Role.OWNER, is_staff=True)
    connection = Connection(organization=us, platform="google_ads", label="Fernhill MCC")
    sealed_fields.put(connection, "access_token_sealed", f"{CANARY}-access")
    sealed_fields.put(connection, "refresh_token_sealed", f"{CANARY}-refresh")
    connection.save()
    owned = {"organization": us, "client": client}
    account = AdAccount.objects.create(
        **owned, connection=connection, platform="google_ads", external_id="1112223334", name="Pinewick Search",
        currency="EUR", timezone="Europe/Berlin", facts_synced_at=now,
    )  # fmt: skip
    key = ApiKey.objects.create(
        organization=us,
        user=admin,
        name="Looker",
        prefix="lane_key_shown12",
        digest=f"{CANARY}-key",
        scopes=["read"],
    )
    Invitation.objects.create(
        organization=us, email="new@fernhill.example", token_digest=f"{CANARY}-invitation",
        expires_at=now + timedelta(days=3),
    )  # fmt: skip
    request, link = _approvals(owned, viewer)
    _shared(client, viewer)
    _entities(owned, account, admin)
    _installation(us, admin)
    KillSwitch.objects.create(
        organization=them, reason="Their own stop", stopped_by_label="Olga", stopped_at=now
    )
    KillSwitch.objects.create(
        organization=us, reason="Old stop", stopped_by_label="Ada", stopped_at=now, resumed_at=now
    )
    for organization, obj in ((us, client), (them, them)):
        record("tests.seeded", actor=Actor.system(organization.pk, "tests"), obj=obj, reason="Because")
    AuditHead.objects.create(organization_id=us.pk, seq=0)
    return World(us, them, client, root, admin, viewer, stranger, connection, account, request, link, key)


def _shared(client: Client, person: User) -> None:
    permission = Permission.objects.get(codename="view_client", content_type__app_label="accounts")
    group = Group.objects.create(name="Guests")
    ClientUserObjectPermission.objects.create(user=person, permission=permission, content_object=client)
    ClientGroupObjectPermission.objects.create(group=group, permission=permission, content_object=client)


def _approvals(owned: dict, approver: User) -> tuple[ApprovalRequest, ApprovalLink]:
    now = clock.now()
    ApprovalPolicy.objects.create(organization=owned["organization"], name="House rule")
    request = ApprovalRequest.objects.create(
        **owned, subject_type="tests.thing", subject_id="1", title="Raise Cold brew", diff={"rows": []},
        content_hash="a" * 64, requested_by_label="Edda", due_at=now + timedelta(days=2),
    )  # fmt: skip
    RequestApprover.objects.create(request=request, user=approver, asked_at=now)
    link = ApprovalLink.objects.create(
        request=request, user=approver, email=approver.email, digest=f"{CANARY}-link", content_hash="a" * 64,
        expires_at=now + timedelta(days=2),
    )  # fmt: skip
    Decision.objects.create(
        request=request,
        user=approver,
        user_label="Vera",
        kind="decline",
        content_hash="a" * 64,
        via="link",
        at=now,
    )
    return request, link


def _entities(owned: dict, account: AdAccount, person: User) -> None:
    now, today = clock.now(), clock.today("Europe/Berlin")
    mirrored = {**owned, "ad_account": account, "seen_at": now}
    budget = Budget.objects.create(
        **mirrored, external_id="b1", name="Cold brew", amount_micros=100 * EUR, currency="EUR"
    )
    campaign = AdCampaign.objects.create(**mirrored, external_id="c1", name="Cold brew search", budget=budget)
    group = AdGroup.objects.create(**mirrored, external_id="g1", name="Brand", ad_campaign=campaign)
    Ad.objects.create(**mirrored, external_id="a1", name="Ad one", ad_group=group)
    BudgetSpender.objects.create(budget=budget, level=1, entity_id=campaign.pk)
    BudgetValue.objects.create(budget=budget, on=today, last_micros=EUR, highest_micros=EUR, seen_at=now)
    BudgetSimulation.objects.create(
        **owned, ad_campaign=campaign, starts_on=today - timedelta(days=7), ends_on=today - timedelta(days=1),
        points=[{"budget_micros": EUR, "cost_micros": EUR, "conversions_milli": 1, "conversion_value_micros": None}],
        fetched_at=now,
    )  # fmt: skip
    CsvImport.objects.create(
        **owned, platform="meta", account_name="Meta export", currency="EUR", timezone="UTC", file_name="may.csv",
        content_digest="d" * 64, content=f"{CANARY}-file",
    )  # fmt: skip
    SyncRun.objects.create(**owned, ad_account=account, kind="today", state="done", started_at=now)
    Drift.objects.create(
        **owned, budget=budget, expected_micros=EUR, observed_micros=2 * EUR, seen_at=now, edited_by="someone"
    )
    AccountDay.objects.create(
        **owned,
        ad_account=account,
        on=today,
        spend_micros=42 * EUR,
        impressions=10,
        clicks=1,
        conversions_milli=1500,
    )
    AccountDayFreshness.objects.create(ad_account=account, on=today, fetched_at=now)
    AccountGuardDay.objects.create(ad_account=account, on=today)
    change_set = ChangeSet.objects.create(
        **owned, title="Raise Cold brew", reason="Behind", content_hash="b" * 64, origin="person",
        proposed_by_kind="person", proposed_by=person, proposed_by_label="Ada", expires_at=now + timedelta(days=1),
    )  # fmt: skip
    change = Change.objects.create(
        **owned, change_set=change_set, ad_account=account, field="budget", budget=budget,
        entity_key=f"budget:{budget.pk}", base_micros=100 * EUR, target_micros=120 * EUR, currency="EUR",
        content_hash="b" * 64, idem_key="idem-1",
    )  # fmt: skip
    WriteCall.objects.create(change=change, fence=1, sent_at=now, answer="accepted")
    plan = BudgetPlan.objects.create(
        **owned, name="Spring sale", amount_micros=3000 * EUR, currency="EUR", timezone="Europe/Berlin",
        starts_on=today, ends_on=today + timedelta(days=29),
    )  # fmt: skip
    PlanBudget.objects.create(
        plan=plan, budget=budget, starts_on=plan.starts_on, ends_on=plan.ends_on, status=plan.status
    )
    _portfolio(owned, plan, budget)
    amendment = PlanAmendment.objects.create(
        **owned, plan=plan, content_hash="c" * 64, base_amount_micros=3000 * EUR, base_starts_on=today,
        base_ends_on=plan.ends_on, new_amount_micros=3300 * EUR, new_starts_on=today, new_ends_on=plan.ends_on,
        currency="EUR", effective_on=today, reason="More demand", asked_by=person, asked_kind="person",
        asked_label="Ada", expires_at=now + timedelta(days=1),
    )  # fmt: skip
    LedgerEntry.objects.create(
        **owned, plan=plan, kind="base", amount_micros=3000 * EUR, currency="EUR", effective_on=today,
        starts_on=today, ends_on=plan.ends_on, asked_by=person, asked_label="Ada", via="direct", at=now,
        amendment=amendment,
    )  # fmt: skip
    PlanSeries.objects.create(
        **owned,
        name="Spring sale",
        currency="EUR",
        timezone="Europe/Berlin",
        anchor_on=today,
        amount_micros=3000 * EUR,
    )
    FxRate.objects.create(
        organization=owned["organization"], base="GBP", quote="EUR", on=today, rate="1.15", entered_by=person,
        entered_label="Ada",
    )  # fmt: skip
    run = PacingRun.objects.create(
        **owned, plan=plan, slot=now, at=now, health="behind", decision="propose", spent_micros=EUR
    )
    PlanSnapshot.objects.create(**owned, plan=plan, health="behind", as_of=now)
    SavedView.objects.create(organization=owned["organization"], user=person, page="pacing", name="Behind")
    PlannedEvent.objects.create(**owned, name="Sale", kind="promo", starts_on=today, ends_on=today, factor=2)
    LearnedShape.objects.create(
        **owned, scope="client", scope_id=plan.client_id, platform="google_ads", kind="delivery",
        numbers=[1, 0.1, 0.9, 1.1, EUR], n_days=30, as_of=now,
    )  # fmt: skip
    ProjectionScore.objects.create(
        **owned, plan=plan, run=run, platform="google_ads", made_on=today, made_at=now, ended_on=today, days_left=1,
        horizon="1-3", basis="without", currency="EUR", amount_micros=EUR, p10_micros=1, p50_micros=2, p90_micros=3,
        actual_micros=2, error_ratio=0, covered=True, scored_at=now,
    )  # fmt: skip
    Recommendation.objects.create(
        **owned, plan=plan, run=run, kind="raise", rows=[], now_micros=EUR, new_micros=2 * EUR, currency="EUR",
        expires_at=now + timedelta(days=1),
    )  # fmt: skip
    Explanation.objects.create(
        **owned, kind="recommendation", plan=plan, subject_id="1", at=now, title="Raise", numbers={}, sentences=[],
        actor_label="Lane (pacing)",
    )  # fmt: skip
    shortfall = Shortfall.objects.create(
        **owned, plan=plan, cause="demand", currency="EUR", amount_micros=2, achievable_micros=1, opened_at=now,
        seen_at=now,
    )  # fmt: skip
    Offer.objects.create(
        **owned,
        shortfall=shortfall,
        plan=plan,
        kind="accept",
        text="Leave it",
        currency="EUR",
        offered_at=now,
    )


def _installation(us: Organization, person: User) -> None:
    now = clock.machine_now()
    event = Event.objects.create(organization_id=us.pk, name="tests.happened")
    EventDelivery.objects.create(event=event, handler="tests.handler", next_at=now)
    Heartbeat.objects.create(name="beat", beat_at=now)
    ScheduleSlot.objects.create(job="pacing", slot_start=now)
    ClockOffset.objects.get_or_create(pk=1)
    Job.objects.create(organization_id=us.pk, kind="replay", label="Advance", created_by_id=person.pk)
    IdempotentRequest.objects.create(
        organization_id=us.pk, principal="key:1", key=f"{CANARY}-idem", method="POST", path="/api/v1/api-keys/",
        body_digest="e" * 64, status=201, response={"token": f"{CANARY}-new-key"},
    )  # fmt: skip
    Notification.objects.create(
        organization=us, user=person, kind="tests", title="Look", dedupe_key="1", created_at=now
    )
    EmailDelivery.objects.create(
        organization=us, user=person, email=person.email, message="approval", dedupe_key="1", next_at=now
    )
    DevMail.objects.create(
        to=person.email, sender="Lane", subject="Decide", text=f"/a/l/{CANARY}", html=CANARY
    )
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    Authenticator.objects.create(user=person, type="totp", data={"secret": f"{CANARY}-totp"})
    AccessAttempt.objects.create(
        username=person.email, ip_address="127.0.0.1", user_agent="x", get_data="", post_data=f"password={CANARY}",
        path_info="/accounts/login/", failures_since_start=1, http_accept="*/*",
    )  # fmt: skip
    AccessLog.objects.create(username=person.email, ip_address="127.0.0.1", user_agent="x", path_info="/")
    AccessFailureLog.objects.create(
        username=person.email, ip_address="127.0.0.1", user_agent="x", path_info="/", locked_out=False
    )
    LogEntry.objects.create(
        user=person, content_type=ContentType.objects.get_for_model(User), object_id="1", object_repr="Ada",
        action_flag=2, change_message="[]",
    )  # fmt: skip
    interval, _ = IntervalSchedule.objects.get_or_create(every=5, period="minutes")
    CrontabSchedule.objects.get_or_create()
    SolarSchedule.objects.get_or_create(event="sunrise", latitude=52, longitude=13)
    ClockedSchedule.objects.create(clocked_time=now)
    PeriodicTask.objects.get_or_create(name="tests.job", task="core.sweep_outbox", interval=interval)


def sign_in(browser: Browser, user: User) -> None:
    """Sign somebody in as the product's own page does."""
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")


def _portfolio(owned: dict[str, object], plan: BudgetPlan, budget: Budget) -> None:
    """A portfolio with an arm, a look that moves it, and an experiment."""
    now = clock.now()
    portfolio = Portfolio.objects.create(
        **owned, name="Spring arms", currency="EUR", timezone="Europe/Berlin", plan=plan, next_look_at=now
    )
    group = GroupLimit.objects.create(**owned, portfolio=portfolio, name="Brand")
    arm = PortfolioArm.objects.create(**owned, portfolio=portfolio, label="Cold brew", group=group)
    ArmBudget.objects.create(**owned, arm=arm, budget=budget)
    look = AllocationLook.objects.create(
        **owned, portfolio=portfolio, slot=now, at=now, decision="move", currency="EUR", now_micros=100 * EUR,
        new_micros=100 * EUR,
    )  # fmt: skip
    AllocationMove.objects.create(
        **owned, look=look, arm=arm, currency="EUR", now_micros=100 * EUR, new_micros=100 * EUR
    )
    Experiment.objects.create(
        **owned,
        portfolio=portfolio,
        look=look,
        arm=arm,
        kind="excitation",
        currency="EUR",
        step_micros=5 * EUR,
    )
