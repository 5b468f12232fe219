"""Policies, requests, decisions and links."""

from approvals.models.policy import ApprovalPolicy
from approvals.models.request import ApprovalLink, ApprovalRequest, Decision, RequestApprover

__all__ = ["ApprovalLink", "ApprovalPolicy", "ApprovalRequest", "Decision", "RequestApprover"]
