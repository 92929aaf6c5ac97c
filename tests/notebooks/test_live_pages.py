"""The demonstration in a cell: live in a frame, recorded where it cannot be, relative behind Jupyter's proxy."""

import re
import subprocess
import sys
import urllib.request

import psutil
import pytest
from lessons.live import pages
from lessons.live.pages import PAGES, reached_at, recording, show
from PIL import Image
from tools.lab import ROOT, WAIT, eventually

pytestmark = pytest.mark.starts

IN_A_KERNEL = """
import sys; sys.path.insert(0, "notebooks")
from lessons import show
page = show("race")
assert page.url == show("race").url, "started once"
print(page._repr_mimebundle_()["text/html"], flush=True)
input()
"""


def test_a_kernel_has_one_demonstration_which_ends_with_it():
    with subprocess.Popen([sys.executable, "-c", IN_A_KERNEL], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as kernel:  # fmt: skip
        frame = kernel.stdout.readline()
        url = re.search(r'src="(http://127\.0\.0\.1:\d+/)"', frame)[1]
        with urllib.request.urlopen(url, timeout=WAIT) as page:
            assert b"<title>The race" in page.read()
            ancestors = re.search(r"frame-ancestors ([^;]*)", page.headers["Content-Security-Policy"])[1]
            assert "http://localhost:*" in ancestors and "http://127.0.0.1:*" in ancestors
        started = psutil.Process(kernel.pid).children(recursive=True)
        assert len(started) == 6
        kernel.kill()
    assert eventually(lambda: not any(process.is_running() for process in started))


@pytest.mark.parametrize("name", PAGES)
def test_each_page_has_a_recording(name):
    with Image.open(recording(name)) as picture:
        assert picture.width >= 800
        assert getattr(picture, "n_frames", 1) > 1 or name != "race"


@pytest.mark.parametrize("why", ["PUSH_LAB_LIVE", "colab"])
def test_where_nothing_can_be_reached_the_recording_is_shown_and_says_why(monkeypatch, why):
    if why == "colab":
        monkeypatch.setitem(sys.modules, "google.colab", object())
    else:
        monkeypatch.setenv(why, "0")
    shown = show("playground")
    bundle, about = shown._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG") and "cannot be started here" in about["image/png"]["alt"]


def test_an_unknown_page_is_one_line():
    with pytest.raises(ValueError, match="there is no page 'rade': they are race, playground, chat, class, "):
        show("rade")


def test_behind_jupyterhubs_proxy_the_address_is_relative_to_it(monkeypatch):
    assert reached_at("http://127.0.0.1:5010/", "play") == "http://127.0.0.1:5010/play"
    monkeypatch.setenv(pages.HUB, "/user/ann/")
    assert reached_at("http://127.0.0.1:5010/", "play") == "/user/ann/proxy/5010/play"
