"""The running process: gRPC for Google, HTTP for the rest, and the file that tells where they are."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import grpc
import uvicorn

from campaigns.sandbox.control import Control
from campaigns.sandbox.dialects.google_ads.service import GoogleAds
from campaigns.sandbox.dialects.meta.graph import Graph
from campaigns.sandbox.engine import Sandbox
from campaigns.sandbox.http import App
from campaigns.sandbox.oauth import OAuth
from campaigns.sandbox.tls import Certificates

HOST = "127.0.0.1"
PORTS_TRIED = 50
LOCK_TRIES = 50
GRPC_THREADS = HTTP_THREADS = 24


def serve(folder: Path, *, seed: int, port_base: int, rate: float | None) -> None:
    """Run until SIGINT or SIGTERM."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    only = _alone(folder)
    certificates = Certificates(folder / "tls")
    sandbox = Sandbox(folder, seed=seed, rate=rate)
    if sandbox.store.get("control_token") is None:
        sandbox.store.put("control_token", secrets.token_urlsafe(24))
    grpc_server, grpc_port = _start_grpc(sandbox, certificates, port_base)
    listening = _listen(port_base + 1 if port_base else 0)
    base = f"http://{HOST}:{listening.getsockname()[1]}"
    token = str(sandbox.store.get("control_token"))
    server = _Server(_config(sandbox, token))
    server.ready = (folder / "sandbox.json", describe(sandbox, certificates, grpc_port, base, token))
    try:
        asyncio.run(server.serve(sockets=[listening]))
    finally:
        (folder / "sandbox.json").unlink(missing_ok=True)
        grpc_server.stop(grace=0.2).wait(1)
        sandbox.store.close()
        only.close()


def describe(
    sandbox: Sandbox, certificates: Certificates, grpc_port: int, base: str, token: str
) -> dict[str, Any]:
    """What a client needs to know to use this sandbox as if it were the platforms."""
    tokens = sandbox.tokens
    return {
        "google_endpoint": f"localhost:{grpc_port}",
        "ca_bundle": str(certificates.bundle.absolute()),
        "http_base": base,
        "meta_graph": f"{base}/meta",
        "google_oauth": {
            "client_id": tokens.google_client_id,
            "client_secret": tokens.google_client_secret,
            "auth_uri": f"{base}/google/o/oauth2/v2/auth",
            "token_uri": f"{base}/google/token",
        },
        "meta_oauth": {
            "app_id": tokens.meta_app_id,
            "app_secret": tokens.meta_app_secret,
            "auth_uri": f"{base}/meta/dialog/oauth",
            "token_uri": f"{base}/meta/v26.0/oauth/access_token",
        },
        "control": f"{base}/_control",
        "control_token": token,
        "seed": sandbox.seed,
        "pid": os.getpid(),
    }


class _Server(uvicorn.Server):  # type: ignore[misc]
    """Writes the description once both doors are open; ends at once on a signal."""

    ready: tuple[Path, dict[str, Any]]

    async def startup(self, sockets: Any = None) -> None:
        pool = ThreadPoolExecutor(max_workers=HTTP_THREADS, thread_name_prefix="http")
        asyncio.get_running_loop().set_default_executor(pool)
        await super().startup(sockets=sockets)
        file, content = self.ready
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as out:
            json.dump(content, out, indent=2)
        fresh.replace(file)

    def handle_exit(self, sig: int, frame: Any) -> None:
        self.should_exit = True
        self.force_exit = sig in (signal.SIGINT, signal.SIGTERM)


def _alone(folder: Path) -> IO[str]:
    """Hold the folder for this process: two sandboxes over one world would each believe the other's past."""
    lock = (folder / "lock").open("w")
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.1)
        else:
            return lock
    raise SystemExit(f"Another sandbox is using {folder}.")


def _config(sandbox: Sandbox, token: str) -> uvicorn.Config:
    oauth = OAuth(sandbox)
    app = App(
        {
            "/meta": Graph(sandbox, oauth),
            "/meta/dialog/oauth": oauth.meta_dialog,
            "/google/o/oauth2/v2/auth": oauth.google_auth,
            "/google/token": oauth.google_token,
            "/google/revoke": oauth.google_revoke,
            "/_control": Control(sandbox, token),
        }
    )
    return uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", ws="none", proxy_headers=False,
        server_header=False, timeout_keep_alive=75, timeout_graceful_shutdown=1,
    )  # fmt: skip


def _start_grpc(sandbox: Sandbox, certificates: Certificates, port_base: int) -> tuple[Any, int]:
    server = grpc.server(
        ThreadPoolExecutor(max_workers=GRPC_THREADS, thread_name_prefix="google"),
        handlers=[GoogleAds(sandbox)],
        options=[("grpc.so_reuseport", 0), ("grpc.max_send_message_length", -1)],
    )
    for port in _candidates(port_base):
        # Fresh ones for each try: gRPC takes credentials only once, even for a port it does not get.
        credentials = certificates.server_credentials()
        try:
            bound = server.add_secure_port(f"{HOST}:{port}", credentials)
        except RuntimeError:
            continue
        if bound:
            server.start()
            return server, bound
    raise OSError(f"No free port from {port_base} on.")


def _listen(port_base: int) -> socket.socket:
    for port in _candidates(port_base):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # Accepted sockets inherit it: head and body are two writes, and Nagle would hold the second for 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except OSError:
            listening.close()
            continue
        return listening
    raise OSError(f"No free port from {port_base} on.")


def _candidates(port_base: int) -> Sequence[int]:
    """The wanted port and the ones after it; 0 lets the system choose."""
    return range(port_base, port_base + PORTS_TRIED) if port_base else [0]
