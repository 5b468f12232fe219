"""Requests, decisions and policies as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from approvals.amounts import rows_of, totals, word_to_type
from approvals.models import ApprovalPolicy, ApprovalRequest, Decision
from lane.api.fields import LaneSerializer, MoneyField, MoneyInput, RefField, RefsField
from lane.core.money import Money


class DiffRowSerializer(serializers.Serializer):
    """One line of what changes."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    field = serializers.CharField()
    now = serializers.CharField()
    new = serializers.CharField()
    now_micros = serializers.IntegerField(allow_null=True)
    new_micros = serializers.IntegerField(allow_null=True)
    currency = serializers.CharField()
    context = serializers.CharField()  # type: ignore[assignment]


class DecisionSerializer(LaneSerializer):
    """What one person decided, of which content, through which door."""

    class Meta:
        model = Decision
        fields = ["id", "kind", "user_label", "comment", "approved_target", "content_hash", "via", "at"]
        read_only_fields = fields


class RequestSerializer(LaneSerializer):
    """A thing that waits for a yes, as it stood when it was asked.

    To approve, send back ``content_hash`` and either ``new_total`` as the amount or, where no single amount
    changes, the word in ``word_to_type``.
    """

    client = RefField("client")
    summary = serializers.SerializerMethodField()
    reasons = serializers.SerializerMethodField()
    rows = serializers.SerializerMethodField()
    effect = serializers.SerializerMethodField()
    now_total = serializers.SerializerMethodField()
    new_total = serializers.SerializerMethodField()
    word_to_type = serializers.SerializerMethodField()
    asked = serializers.SerializerMethodField()
    decisions = DecisionSerializer(many=True, read_only=True)

    class Meta:
        model = ApprovalRequest
        fields = [
            "id", "client", "subject_type", "subject_id", "version", "title", "summary", "reasons", "rows",
            "effect", "now_total", "new_total", "word_to_type", "content_hash", "state", "requested_by_label",
            "asked", "needs_sign_in", "due_at", "decided_at", "outcome_reason", "was_automatic", "policy_snapshot",
            "decisions", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_summary(self, request: ApprovalRequest) -> str:
        """What it is about, in a sentence."""
        return str(request.diff.get("summary", ""))

    def get_reasons(self, request: ApprovalRequest) -> list[str]:
        """Why, strongest first."""
        return [str(each) for each in request.diff.get("reasons", ())]

    @extend_schema_field(DiffRowSerializer(many=True))
    def get_rows(self, request: ApprovalRequest) -> Any:
        """What would change."""
        return DiffRowSerializer(rows_of(request.diff), many=True).data

    def get_effect(self, request: ApprovalRequest) -> dict[str, Any]:
        """The projected end with and without, in micros; unknown figures are absent."""
        return dict(request.diff.get("effect") or {})

    @extend_schema_field(MoneyField(attribute="now_total"))
    def get_now_total(self, request: ApprovalRequest) -> dict[str, object] | None:
        """Today's total per day; null when no single amount changes."""
        together = totals(rows_of(request.diff))
        return Money(together.now_micros, together.currency).as_record() if together else None

    @extend_schema_field(MoneyField(attribute="new_total"))
    def get_new_total(self, request: ApprovalRequest) -> dict[str, object] | None:
        """The proposed total per day: the amount to send when approving."""
        together = totals(rows_of(request.diff))
        return Money(together.new_micros, together.currency).as_record() if together else None

    def get_word_to_type(self, request: ApprovalRequest) -> str:
        """The word to send when there is no amount; empty when there is one."""
        return word_to_type(rows_of(request.diff))

    def get_asked(self, request: ApprovalRequest) -> list[str]:
        """Who was asked."""
        return [str(each.user) for each in request.approvers.all()]


class DecideSerializer(serializers.Serializer):
    """A decision, for exactly the content that was read."""

    kind = serializers.ChoiceField(choices=Decision.Kind.choices)
    content_hash = serializers.CharField(max_length=64)
    amount = MoneyInput(required=False, help_text="The total per day: the proposed one, or a lower one.")
    typed = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class PolicySerializer(LaneSerializer):
    """Who decides, what is approved without a person, and how far a link alone reaches.

    Limits are cumulative per budget and account-local day. Empty ``approvers`` means everybody with the flag.
    """

    client = RefField("client")
    approvers = RefsField("approvers")

    class Meta:
        model = ApprovalPolicy
        fields = [
            "id", "client", "name", "version", "is_active", "approvers", "sla_hours", "auto_decrease_ratio",
            "auto_increase_ratio", "auto_increase_micros", "link_cap_ratio", "link_cap_micros", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class SavePolicySerializer(serializers.Serializer):
    """The policy of the organization, or of one client. What is left out has its usual value."""

    client = serializers.UUIDField(required=False, allow_null=True, default=None)
    name = serializers.CharField(max_length=120)
    approvers = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, help_text="Ids of people."
    )
    sla_hours = serializers.IntegerField(required=False)
    auto_decrease_ratio = serializers.DecimalField(max_digits=5, decimal_places=4, required=False)
    auto_increase_ratio = serializers.DecimalField(max_digits=5, decimal_places=4, required=False)
    auto_increase_micros = serializers.IntegerField(required=False)
    link_cap_ratio = serializers.DecimalField(max_digits=5, decimal_places=4, required=False)
    link_cap_micros = serializers.IntegerField(required=False)
