"""A sandbox in this process with a hand-moved machine clock, and a real one in its own process."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
import httpx2
import pytest
from google.ads.googleads.v26.services.services.campaign_budget_service import CampaignBudgetServiceClient
from google.ads.googleads.v26.services.services.campaign_budget_service.transports import (
    CampaignBudgetServiceGrpcTransport,
)
from google.ads.googleads.v26.services.services.google_ads_service import GoogleAdsServiceClient
from google.ads.googleads.v26.services.services.google_ads_service.transports import (
    GoogleAdsServiceGrpcTransport,
)

from campaigns.sandbox.engine import Sandbox
from campaigns.sandbox.market import Account, Budget
from lane.devservices.sandbox import SandboxServer

START = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
BACK = "http://127.0.0.1:1/callback"


class MachineClock:
    """Seconds that pass when a test says so."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Local:
    """A sandbox of this process. The folder outlives it, so that it can be opened again."""

    def __init__(self, folder: Path, seed: int = 7) -> None:
        self.folder, self.seed = folder, seed
        self.machine = MachineClock(START.timestamp())
        self.slept: list[float] = []
        self.sandbox = self.open()

    def open(self) -> Sandbox:
        self.sandbox = Sandbox(
            self.folder, seed=self.seed, rate=None, real=self.machine, sleep=self.slept.append
        )
        return self.sandbox

    def budget(self, key: str) -> Budget:
        return next(b for b in self.sandbox.world.market.budgets.values() if b.spec.key == key)

    def account(self, key: str) -> Account:
        return next(a for a in self.sandbox.world.market.accounts.values() if a.key == key)

    def forward(self, *, hours: float) -> None:
        self.machine.now += hours * 3600


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return Local(tmp_path)


@pytest.fixture
def another(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Local]:
    """More sandboxes of this process."""
    return lambda seed=7: Local(tmp_path_factory.mktemp("sandbox"), seed)


class Running:
    """A sandbox in its own process, spoken to as the SDKs do, but with credentials of its own."""

    def __init__(self, folder: Path) -> None:
        self.server = SandboxServer(folder)
        self.start()

    def start(self) -> None:
        self.server.start()
        self.told = self.server.describe()
        self.http = httpx2.Client(base_url=self.told["http_base"], timeout=20)
        roots = Path(self.told["ca_bundle"]).read_bytes()
        self.channel = grpc.secure_channel(
            self.told["google_endpoint"], grpc.ssl_channel_credentials(root_certificates=roots)
        )

    def close(self) -> None:
        self.channel.close()
        self.http.close()
        self.server.stop(seconds=2)

    def kill(self) -> None:
        """End it as a power cut does."""
        pid = self.server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        process: subprocess.Popen[bytes] = self.server._process  # type: ignore[assignment]
        process.wait(10)
        self.server._process = None
        self.channel.close()
        self.http.close()

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self.http.request(
            method, f"/_control{path}", json=body, headers={"X-Control-Token": self.told["control_token"]}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def reset(self) -> None:
        """The first world at one instant that stands still."""
        self.control("POST", "/reset", {"now": START.isoformat(), "rate": 0, "seed": 7})

    def budget(self, key: str) -> dict[str, Any]:
        return next(b for b in self.control("GET", "/world")["budgets"] if b["key"] == key)

    def code(self, platform: str, decision: str = "allow") -> dict[str, str]:
        """Press a button of the consent page; what the browser brings back."""
        oauth = self.told[f"{platform}_oauth"]
        asked = {
            "client_id": oauth.get("client_id") or oauth["app_id"],
            "redirect_uri": BACK,
            "response_type": "code",
            "state": "s-1",
        }
        page = self.http.get(oauth["auth_uri"], params=asked)
        assert page.status_code == 200
        assert "Sandbox" in page.text
        answer = self.http.post(oauth["auth_uri"], data=asked | {"decision": decision})
        assert answer.status_code == 303
        return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def google_login(self) -> dict[str, Any]:
        return dict(self.google_token(grant_type="authorization_code", **self._redeem("google")).json())

    def google_token(self, **form: str) -> httpx2.Response:
        oauth = self.told["google_oauth"]
        client = {"client_id": oauth["client_id"], "client_secret": oauth["client_secret"]}
        return self.http.post(oauth["token_uri"], data=client | form)

    def meta_token(self, **form: str) -> httpx2.Response:
        oauth = self.told["meta_oauth"]
        client = {"client_id": oauth["app_id"], "client_secret": oauth["app_secret"]}
        return self.http.post(oauth["token_uri"], data=client | form)

    def meta_login(self) -> str:
        return str(self.meta_token(**self._redeem("meta")).json()["access_token"])

    def graph(
        self, token: str, path: str, method: str = "GET", /, **params: Any
    ) -> tuple[int, Any, httpx2.Headers]:
        answer = self.http.request(
            method,
            f"/meta/v26.0/{path}",
            headers={"Authorization": f"Bearer {token}"},
            **({"params": params} if method == "GET" else {"data": params}),
        )
        return answer.status_code, answer.json(), answer.headers

    def ads(self) -> GoogleAdsServiceClient:
        return GoogleAdsServiceClient(transport=GoogleAdsServiceGrpcTransport(channel=self.channel))

    def ads_budgets(self) -> CampaignBudgetServiceClient:
        return CampaignBudgetServiceClient(transport=CampaignBudgetServiceGrpcTransport(channel=self.channel))

    def _redeem(self, platform: str) -> dict[str, str]:
        return {"code": self.code(platform)["code"], "redirect_uri": BACK}


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("sandbox-process"))
    yield running
    running.close()


@pytest.fixture
def sandbox_process(sandbox_server: Running) -> Running:
    """The process with its first world, at an instant that stands still."""
    sandbox_server.reset()
    return sandbox_server
