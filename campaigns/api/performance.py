"""Daily facts of one account: what its campaigns, groups or ads spent and got, per account-local day."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns import selectors
from campaigns.models import Ad, AdAccount, AdCampaign, AdGroup, DailyPerformance
from lane.api.fields import MoneyField, RefField
from lane.api.views import named
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput

LEVELS: dict[str, tuple[int, type[Any]]] = {
    "campaign": (1, AdCampaign),
    "group": (2, AdGroup),
    "ad": (3, Ad),
}
LONGEST_DAYS = 400
PAGE, LARGEST_PAGE = 100, 500


class QuerySerializer(serializers.Serializer):
    """Which facts."""

    ad_account = serializers.UUIDField()
    level = serializers.ChoiceField(choices=list(LEVELS), default="campaign")
    entity = serializers.UUIDField(required=False, help_text="Only this campaign, group or ad.")
    since = serializers.DateField(
        required=False, help_text="First account-local day; 30 days back by default."
    )
    until = serializers.DateField(required=False, help_text="Last account-local day; today by default.")
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=PAGE)
    cursor = serializers.CharField(required=False)


class FactSerializer(serializers.Serializer):
    """One entity on one day; the latest values. What a platform does not report is null, never 0."""

    entity = RefField("entity")
    external_id = serializers.CharField(source="entity.external_id", allow_null=True)
    level = serializers.CharField()
    on = serializers.DateField(help_text="Account-local.")
    spend = MoneyField(attribute="spend_micros")
    impressions = serializers.IntegerField(allow_null=True)
    clicks = serializers.IntegerField(allow_null=True)
    conversions = serializers.DecimalField(max_digits=20, decimal_places=3, allow_null=True)
    conversion_value = MoneyField(attribute="conversion_value_micros")
    fetched_at = serializers.DateTimeField()
    is_final = serializers.BooleanField(help_text="Whether the platform has settled the day's spend.")


class FactPageSerializer(serializers.Serializer):
    """One page of facts, oldest day first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = FactSerializer(many=True)


class PerformanceView(APIView):
    """Daily facts."""

    @extend_schema(
        parameters=[QuerySerializer], responses=FactPageSerializer, operation_id="performance_list"
    )
    def get(self, request: Request) -> Response:
        """Facts of one account by day; the same row is never on two pages."""
        actor: Actor = request.actor  # type: ignore[attr-defined]
        asked = _asked(request)
        account = named(selectors.accounts_for(actor), asked["ad_account"], "ad_account")
        first, last = _days(asked, account)
        level, model = LEVELS[asked["level"]]
        entities: Any = model._default_manager.filter(ad_account=account)
        only = [named(entities, asked["entity"], "entity").pk] if "entity" in asked else None
        rows = selectors.facts.daily_rows(
            account.pk, level, first, last, entity_ids=only, after=_place(asked), limit=asked["limit"] + 1
        )
        page, more = rows[: asked["limit"]], len(rows) > asked["limit"]
        known = {one.pk: one for one in entities.filter(pk__in={row.entity_id for row in page})}
        shown = [Fact(row, known.get(row.entity_id), asked["level"], account.currency) for row in page]
        return Response(
            {
                "next": _next(request, page[-1]) if more else None,
                "previous": None,
                "results": FactSerializer(shown, many=True).data,
            }
        )


def _asked(request: Request) -> dict[str, Any]:
    query = QuerySerializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


def _days(asked: dict[str, Any], account: AdAccount) -> tuple[date, date]:
    last: date = asked.get("until") or clock.today(account.timezone)
    first: date = asked.get("since") or last - timedelta(days=30)
    if first > last:
        raise InvalidInput(fields={"since": "The first day is after the last. Swap the dates."})
    if (last - first).days >= LONGEST_DAYS:
        raise InvalidInput(fields={"since": f"Ask for at most {LONGEST_DAYS} days at a time."})
    return first, last


class Fact:
    """A stored fact together with the entity and currency it is about."""

    def __init__(self, row: DailyPerformance, entity: Any, level: str, currency: str) -> None:
        self.entity, self.level, self.currency = entity, level, currency
        self.on, self.fetched_at, self.is_final = row.on, row.fetched_at, row.is_final
        self.spend_micros, self.conversion_value_micros = row.spend_micros, row.conversion_value_micros
        self.impressions, self.clicks = row.impressions, row.clicks
        milli = row.conversions_milli
        self.conversions = None if milli is None else Decimal(milli).scaleb(-3)


def _next(request: Request, row: DailyPerformance) -> str:
    place = json.dumps([row.on.isoformat(), row.entity_id]).encode()
    params = request.query_params.dict() | {"cursor": base64.urlsafe_b64encode(place).decode()}
    return request.build_absolute_uri(f"{request.path}?{urlencode(params)}")


def _place(asked: dict[str, Any]) -> tuple[date, int] | None:
    if "cursor" not in asked:
        return None
    try:
        on, entity_id = json.loads(base64.urlsafe_b64decode(asked["cursor"]))
        return date.fromisoformat(on), int(entity_id)
    except (ValueError, TypeError, binascii.Error):
        raise InvalidInput(fields={"cursor": "Use the address in “next” as it is."}) from None
