"""Replays of portfolios under /api/v1/lab/: their own last days under other splits, simulated."""

from __future__ import annotations

import dataclasses
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lane.api.idempotency import idempotent
from lane.api.views import LaneViewSet, named, parsed
from lane.core.models import Job
from pacing.selectors.lab_allocation import allocation_replay_of, allocation_replays_for
from pacing.selectors.portfolios import portfolios_for
from pacing.services import allocation_replay
from pacing.tasks import run_allocation_replay

_NUMBERS = {"type": "object", "additionalProperties": True}


class AllocationQuestionSerializer(serializers.Serializer):
    """Which portfolio to replay."""

    portfolio = serializers.UUIDField()


class AllocationReplaySerializer(serializers.Serializer):
    """One replay. In ``answer`` everything but the course ``real`` is simulated; ``refusal`` says why there is none."""

    id = serializers.UUIDField(source="job.public_id")
    portfolio = serializers.UUIDField(source="portfolio.public_id")
    client = serializers.UUIDField(source="portfolio.client.public_id")
    state = serializers.ChoiceField(source="job.state", choices=Job.State.choices)
    message = serializers.CharField(source="job.message")
    answer = extend_schema_field(_NUMBERS | {"nullable": True})(serializers.JSONField)()
    created_at = serializers.DateTimeField(source="job.created_at")
    finished_at = serializers.DateTimeField(source="job.finished_at", allow_null=True)


class AllocationReplayViewSet(LaneViewSet[Job]):
    """Replays of a portfolio's last 90 days."""

    queryset = Job.objects.none()
    serializer_class = AllocationReplaySerializer
    write_scope = "read"
    pagination_class = None

    @extend_schema(responses=AllocationReplaySerializer(many=True))
    def list(self, request: Request) -> Response:
        """The newest replays the caller asked for, without their answers; for admins everybody's."""
        found = [dataclasses.replace(one, answer=None) for one in allocation_replays_for(self.actor)]
        return Response(AllocationReplaySerializer(found, many=True).data)

    @extend_schema(responses=AllocationReplaySerializer)
    def retrieve(self, request: Request, public_id: Any) -> Response:
        """One replay with its answer once it is done."""
        return Response(AllocationReplaySerializer(allocation_replay_of(self.actor, public_id)).data)

    @extend_schema(request=AllocationQuestionSerializer, responses={202: AllocationReplaySerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Ask for a replay; it runs in the background."""
        asked = parsed(AllocationQuestionSerializer, request.data)
        portfolio = named(portfolios_for(self.actor), asked["portfolio"], "portfolio")
        job = allocation_replay.start(portfolio, actor=self.actor)
        run_allocation_replay.hint_on_commit(job.pk)
        return Response(
            AllocationReplaySerializer(allocation_replay_of(self.actor, job.public_id)).data, status=202
        )
