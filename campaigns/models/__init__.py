"""What exists at the platforms and what Lane did there."""

from campaigns.models.ad_account import AdAccount
from campaigns.models.ad_campaign import Ad, AdCampaign, AdGroup, EntityStatus
from campaigns.models.budget import Budget, BudgetSpender, BudgetValue
from campaigns.models.budget_simulation import BudgetSimulation
from campaigns.models.change_set import AccountGuardDay, Change, ChangeSet, KillSwitch, WriteCall
from campaigns.models.connection import PLATFORM_CHOICES, Connection
from campaigns.models.imports import CsvImport
from campaigns.models.performance import (
    AccountDay,
    AccountDayFreshness,
    DailyPerformance,
    HourlyPerformance,
    PerformanceRevision,
)
from campaigns.models.sync_run import Drift, SyncRun

__all__ = [
    "PLATFORM_CHOICES",
    "AccountDay",
    "AccountDayFreshness",
    "AccountGuardDay",
    "Ad",
    "AdAccount",
    "AdCampaign",
    "AdGroup",
    "Budget",
    "BudgetSimulation",
    "BudgetSpender",
    "BudgetValue",
    "Change",
    "ChangeSet",
    "Connection",
    "CsvImport",
    "DailyPerformance",
    "Drift",
    "EntityStatus",
    "HourlyPerformance",
    "KillSwitch",
    "PerformanceRevision",
    "SyncRun",
    "WriteCall",
]
