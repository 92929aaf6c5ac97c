"""Plain Locust runs."""

import subprocess

import requests

from tools.lab import LOCUST, ROOT

USERS = {"polling": "PollingUser", "long-polling": "LongPollingUser", "websocket": "WebSocketUser",
         "server-sent-events": "ServerSentEventsUser"}


def locust(transport: str, *arguments: str, user: str = "") -> subprocess.CompletedProcess[str]:
    user = user or USERS[transport]
    command = [*LOCUST, user]
    return subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=100)


def answers(page):
    try:
        return requests.get(page, timeout=5).ok
    except requests.ConnectionError:
        return False
