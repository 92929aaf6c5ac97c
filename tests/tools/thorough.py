"""Combinations that repeat for one more transport or lesson what another test shows. `make test` leaves them out.

CI runs a quarter of them each day, another one the next day; `THOROUGH=1 make test` runs all. Each pattern is of a
test's file, name and parameters.
"""

import os
import re
import time
import zlib

PATTERNS = (
    r"test_again\.py::.*\[0[2346]",
    r"test_benchmark\.py::test_every_.*(Starlette|its HTTP|a bare|websockets|under gunicorn)",
    r"test_capture\.py::.*-tls\]",
    r"test_conformance\.py::.*(pass_over_tls|pass_on_four|deflate_pass)",
    r"test_headers\.py::test_the_locust_users_send",
    r"test_load_from_hosts\.py::test_two_hosts",
    r"test_interrupted\.py::test_what_is_killed",
    r"test_lessons\.py::test_solved.*\[0[1356]",
    r"test_locust\.py::test_two_hundred_users.*\[(polling|websocket|server-sent-events)\]",
    r"test_locust\.py::test_users_speak_tls\[(polling|long-polling|server-sent-events)\]",
    r"test_locust_processes\.py::test_two_processes_count.*\[(polling|websocket)",
    r"test_outage\.py::test_every_client.*\[(polling-(reset|cut)|long-polling-(restart|reset)|websocket-(cut|reset))\]",
    r"test_observe\.py::test_it_is_the_same_a_second_time",
    r"test_outage\.py::test_every_client.*\[server-sent-events-(cut|restart)\]",
    r"test_packets_experiments\.py::test_an_echo.*wanted2",
    r"test_packets_runs\.py::.*\[(polling|long-polling|server-sent-events)\]",
    r"test_packets_runs\.py::test_killed_with_9.*\[(path|server|Locust)\]",
    r"test_pages\.py::test_no_page_is_wider.*-1920\]",
    r"test_pages_endure\.py::",
    r"test_several_processes\.py::.*\[(polling|long-polling|server-sent-events)\]",
    r"test_proxies_restarted\.py::.*(HAProxy|by default)",
    r"test_proxies\.py::test_locust_users_follow_through_a_path.*Echo",
    r"test_race_exact\.py::",
    r"test_runs\.py::test_a_run_counts_what_the_kernel_counts\[.*True",
    r"test_runs\.py::test_what_is_paid.*\[(polling-False|long-polling-True|websocket-True|server-sent-events-.*)\]",
    r"test_screenshots\.py::",
    r"test_sending\.py::test_a_message_there_and_back_takes_two_frame_headers\[(1|125|65)",
    r"test_sending\.py::test_there_and_back.*-(1|2)\]",
    r"test_soak\.py::test_it_holds",
)
ALWAYS_IN_CI = re.compile(r"test_race_exact\.py|test_pages_endure\.py|test_load_from_hosts\.py")
DAYS = 4
ANY = re.compile("|".join(PATTERNS))


def is_left_out(nodeid: str, day: int | None = None) -> bool:
    """Whether a test is one of these, and it is not its day; `day` counts from 1970, today if it is None."""
    if not ANY.search(nodeid) or os.environ.get("THOROUGH"):
        return False
    today = int(time.time() // 86_400) if day is None else day
    if os.environ.get("CI") and ALWAYS_IN_CI.search(nodeid):
        return False
    return not os.environ.get("CI") or zlib.crc32(nodeid.encode()) % DAYS != today % DAYS
