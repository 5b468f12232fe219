"""Long work and how far it is."""

from __future__ import annotations

from django.db.models import QuerySet

from lane.accounts import policies
from lane.api.fields import LaneSerializer
from lane.api.views import LaneReadViewSet
from lane.core.models import Job


class JobSerializer(LaneSerializer):
    """One job. ``total`` is null while it is unknown."""

    class Meta:
        model = Job
        fields = [
            "id", "kind", "label", "state", "done", "total", "message", "result", "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class JobViewSet(LaneReadViewSet[Job]):
    """Jobs the caller started; for admins every job of the organization."""

    queryset = Job.objects.none()
    serializer_class = JobSerializer
    filterset_fields = ["kind", "state"]

    def get_queryset(self) -> QuerySet[Job]:
        """Jobs the caller may follow."""
        jobs = Job.objects.filter(organization_id=self.actor.organization_id)
        if policies.may(self.actor, "manage", client_id=None):
            return jobs
        return jobs.filter(created_by_id=self.actor.user_id or 0)
