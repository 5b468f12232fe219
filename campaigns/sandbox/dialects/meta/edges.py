"""Reads of Graph: nodes, lists in pages, insights at once or as a report."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from campaigns.sandbox.dialects.meta import activities, insights, nodes
from campaigns.sandbox.dialects.meta.errors import GraphError, bad_parameter, missing
from campaigns.sandbox.engine import Sandbox
from campaigns.sandbox.faults import Rule
from campaigns.sandbox.http import Request
from campaigns.sandbox.market import Account, Group, number
from campaigns.sandbox.scenario import META

DEFAULT_LIMIT, LARGEST_LIMIT = 25, 1000
REPORT_SECONDS = 0.1  # machine time until a report is ready
_SECRETS = frozenset({"access_token", "appsecret_proof"})
_HIDDEN_UNLESS_ASKED = frozenset({"ARCHIVED", "DELETED"})


class Edges:
    """Answers GET, and starts reports."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def read(self, request: Request, parts: list[str], now: float, hit: dict[str, Rule]) -> dict[str, Any]:
        """One node, several by id, or one page of an edge."""
        params = request.params
        if not parts:
            return self._by_ids(params)
        if len(parts) == 1:
            return self._node(parts[0], params)
        if len(parts) > 2:
            raise missing("/".join(parts))
        rows = self._edge(parts[0], parts[1], params, now)
        return self._page(request, rows, "empty_page" in hit, by_time=parts[1] == "activities")

    def start_report(self, parts: list[str], params: Mapping[str, str]) -> dict[str, Any]:
        """Take an insights request to be prepared."""
        if len(parts) != 2:
            raise missing("/".join(parts), "post")
        self._scope(parts[0])
        insights.check(params)
        count = self.sandbox.store.rows("SELECT COUNT(*) FROM reports")[0][0]
        report_id = str(number(10**14, 10**15, self.sandbox.seed, "report", self.sandbox.boot, count))
        kept = {
            "node": parts[0],
            "params": {name: value for name, value in params.items() if name not in _SECRETS},
            "real": self.sandbox.clock.real(),
            "virtual": self.sandbox.clock.now(),
        }
        self.sandbox.store.run("INSERT OR REPLACE INTO reports VALUES (?, ?)", report_id, json.dumps(kept))
        return {"report_run_id": report_id}

    def report_account(self, node: str) -> str:
        """The ad account a report is about; empty for anything else."""
        report = self._report(node)
        return self._scope(report["node"])[0].id if report else ""

    def _by_ids(self, params: Mapping[str, str]) -> dict[str, Any]:
        ids = [part.strip() for part in params.get("ids", "").split(",") if part.strip()]
        if not ids or len(ids) > 50:
            raise GraphError(100, "(#100) ids must name one to fifty objects.")
        try:
            return {node: self._node(node, params) for node in ids}
        except GraphError:
            raise GraphError(
                803, "(#803) Some of the aliases you requested do not exist", status=404
            ) from None

    def _node(self, node: str, params: Mapping[str, str]) -> dict[str, Any]:
        world = self.sandbox.world
        market = world.market
        fields = params.get("fields", "id,name")
        report = self._report(node)
        if report is not None:
            return self._report_state(node, report)
        if node == "me":
            return nodes.select({"id": "1007", "name": "Sandbox system user"}, fields)
        if node.startswith("act_"):
            return nodes.select(nodes.account(world, self._account(node)), fields)
        campaign, group, ad = market.campaigns.get(node), market.groups.get(node), market.ads.get(node)
        if campaign is not None and campaign.account.platform == META:
            return nodes.select(nodes.campaign(world, campaign), fields)
        if group is not None and group.campaign.account.platform == META:
            return nodes.select(nodes.adset(world, group), fields)
        if ad is not None and ad.group.campaign.account.platform == META:
            return nodes.select(nodes.ad(world, ad), fields)
        raise missing(node)

    def _edge(self, node: str, edge: str, params: Mapping[str, str], now: float) -> list[dict[str, Any]]:
        world = self.sandbox.world
        accounts = {("me", "adaccounts")} | {
            (world.market.business_id, name) for name in ("owned_ad_accounts", "client_ad_accounts")
        }
        fields = params.get("fields", "id")
        if (node, edge) in accounts:
            found = world.market.of(META) if edge != "client_ad_accounts" else []
            return [nodes.select(nodes.account(world, account), fields) for account in found]
        report = self._report(node)
        if report is not None and edge == "insights":
            if self._report_state(node, report)["async_status"] != "Job Completed":
                raise GraphError(100, "The report is not ready yet.", subcode=2446078)
            account, groups = self._scope(report["node"])
            return insights.rows(world, account, groups, report["params"], report["virtual"])
        account, groups = self._scope(node)
        if edge == "insights":
            return insights.rows(world, account, groups, self._with_level(node, params), now)
        if edge == "activities" and node.startswith("act_"):
            return [nodes.select(row, fields) for row in activities.rows(world, account, params, now)]
        made = self._children(edge, groups, node)
        wanted = self._wanted(params)
        return [nodes.select(child, fields) for child in made if wanted(child)]

    def _children(self, edge: str, groups: list[Group], node: str) -> list[dict[str, Any]]:
        world = self.sandbox.world
        if edge == "campaigns":
            campaigns = {group.campaign.id: group.campaign for group in groups}
            return [nodes.campaign(world, campaign) for campaign in campaigns.values()]
        if edge == "adsets":
            return [nodes.adset(world, group) for group in groups]
        if edge == "ads":
            return [nodes.ad(world, ad) for group in groups for ad in group.ads]
        raise missing(f"{node}/{edge}")

    def _wanted(self, params: Mapping[str, str]) -> Callable[[dict[str, Any]], bool]:
        """The status filter; archived and deleted things show only when asked for."""
        text = params.get("effective_status")
        if text is None:
            return lambda child: child["effective_status"] not in _HIDDEN_UNLESS_ASKED
        try:
            asked = set(json.loads(text))
        except ValueError:
            raise bad_parameter("effective_status", "effective_status must be a JSON list.") from None
        return lambda child: child["effective_status"] in asked

    def _with_level(self, node: str, params: Mapping[str, str]) -> Mapping[str, str]:
        market = self.sandbox.world.market
        own = "campaign" if node in market.campaigns else "adset" if node in market.groups else "account"
        return {"level": own, **params}

    def _scope(self, node: str) -> tuple[Account, list[Group]]:
        """The account of a node and the groups below it."""
        market = self.sandbox.world.market
        if node.startswith("act_"):
            account = self._account(node)
            return account, [group for group in market.groups.values() if group.campaign.account is account]
        campaign, group = market.campaigns.get(node), market.groups.get(node)
        groups = campaign.groups if campaign else [group] if group else []
        if not groups or groups[0].campaign.account.platform != META:
            raise missing(node)
        return groups[0].campaign.account, groups

    def _account(self, node: str) -> Account:
        account = self.sandbox.world.market.accounts.get(node.removeprefix("act_"))
        if account is None or account.platform != META:
            raise missing(node)
        return account

    def _report(self, node: str) -> dict[str, Any] | None:
        rows = self.sandbox.store.rows("SELECT request FROM reports WHERE id = ?", node)
        return dict(json.loads(rows[0][0])) if rows else None

    def _report_state(self, node: str, report: dict[str, Any]) -> dict[str, Any]:
        done = self.sandbox.clock.real() - report["real"] >= REPORT_SECONDS
        return {
            "id": node,
            "account_id": self._scope(report["node"])[0].id,
            "async_status": "Job Completed" if done else "Job Running",
            "async_percent_completion": 100 if done else 50,
        }

    def _page(
        self, request: Request, rows: list[dict[str, Any]], empty: bool, *, by_time: bool
    ) -> dict[str, Any]:
        """One page. Edges paged by time have no cursors; an empty page may still have a next one."""
        params = request.params
        try:
            limit = min(int(params.get("limit") or DEFAULT_LIMIT), LARGEST_LIMIT)
            first = int(base64.urlsafe_b64decode(params["after"])) if params.get("after") else 0
        except ValueError:
            raise GraphError(100, "(#100) Invalid cursors values", subcode=1349220) from None
        if empty and not params.get("after"):
            return {"data": [], "paging": {"next": _next(request, first)}}
        page = rows[first : first + limit]
        paging: dict[str, Any] = {}
        if page and not by_time:
            paging["cursors"] = {"before": _cursor(first), "after": _cursor(first + len(page))}
        if first + limit < len(rows):
            paging["next"] = _next(request, first + limit)
        return {"data": page, "paging": paging} if paging else {"data": page}


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode()


def _next(request: Request, position: int) -> str:
    kept = {name: value for name, value in request.params.items() if name not in _SECRETS | {"after"}}
    return f"{request.base}{request.path}?{urlencode(kept | {'after': _cursor(position)})}"
