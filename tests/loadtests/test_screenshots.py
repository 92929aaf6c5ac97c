"""The pictures of the pages for README, TEACHING.md and the lessons: `SCREENSHOTS=docs/pictures` puts them there."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from tools.browser import demonstrating, frame_of, looking
from tools.lab import eventually

pytestmark = [pytest.mark.starts, pytest.mark.long]

TO = os.environ.get("SCREENSHOTS")
FRAMES, PAUSE_MS = (20, 600) if TO else (2, 100)  # of the race's recording
TITLES = ["Polling", "Long polling", "WebSocket"]
COLOURS = 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return Path(TO) if TO else tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def demo():
    with demonstrating() as running:
        yield running


def shot(page) -> Image.Image:
    picture = Image.open(io.BytesIO(page.screenshot()))
    assert picture.size == (1280, 720)
    return picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=COLOURS)


def with_one_palette(pictures: list[Image.Image]) -> list[Image.Image]:
    """The pictures in the colours of the last one, so that what does not move is not stored again."""
    last = pictures[-1].quantize(COLOURS, dither=Image.Dither.NONE)
    return [each.quantize(palette=last, dither=Image.Dither.NONE) for each in pictures]


def save(picture: Image.Image, file: Path, **options) -> None:
    picture.save(file, optimize=True, **options)
    with Image.open(file) as written:
        assert len(written.convert("L").getcolors(256)) > 8, "something is to be seen"


def test_the_race(browser, demo, folder):
    """A still picture for README, and a moving one, half as large, for the lessons."""
    with looking(browser, demo.url) as page:
        eventually(lambda: all(int(frame_of(page, title).inner_text("#messages")) > 1 for title in TITLES))
        moving = []
        for number in range(FRAMES):
            if number == FRAMES // 2:
                page.click("text=Show measured and model")
            page.wait_for_timeout(PAUSE_MS)
            moving.append(shot(page))
    save(moving[-1], folder / "race_still.png")
    small = with_one_palette([each.convert("RGB").resize((800, 450)) for each in moving])
    save(small[0], folder / "race.png", save_all=True, append_images=small[1:], duration=600, loop=0)
    with Image.open(folder / "race.png") as written:
        assert written.n_frames == len({each.tobytes() for each in small})


def test_the_playground(browser, demo, folder):
    with looking(browser, demo.url + "play") as page:
        frame = frame_of(page, "Playground")
        frame.wait_for_selector("#endings button", state="attached")
        for press, wanted in (("#connect", 2), ("text=Send text", 3), ("#send-picture", 4), ("#close", 5)):
            frame.click(press)
            eventually(lambda wanted=wanted: len(frame.query_selector_all("#log tbody tr")) == wanted)
        eventually(lambda: len(frame.query_selector_all("#frames .frame")) >= 6)
        save(shot(page), folder / "playground.png")


def test_the_chat(browser, demo, folder):
    with looking(browser, demo.url + "talk") as page:
        page.click("text=WebSocket")
        frame = frame_of(page, "Chat")
        eventually(lambda: frame.inner_text("#state") == "connected" and "WebSocket" in frame.inner_text("h1"))
        for name, text in (("Ann", "Does this arrive at once?"), ("Ben", "I poll every 2 s: sooner or later.")):
            frame.fill("[name=name]", name)
            frame.fill("[name=text]", text)
            frame.press("[name=text]", "Enter")
            eventually(lambda text=text: text in frame.inner_text("#log"))
        save(shot(page), folder / "chat.png")


def test_the_class(browser, demo, folder):
    with looking(browser, demo.url + "class") as page:
        members = [browser.new_page() for _ in range(6)]
        try:
            for member in members:
                member.goto(demo.url + "join")
            eventually(lambda: page.inner_text("#present") == "6")
            page.wait_for_timeout(15_000 if TO else 500)
            save(shot(page), folder / "class.png")
        finally:
            for member in members:
                member.close()


def test_the_seventh_tab(browser, demo, folder):
    with looking(browser, demo.url + "seventh", allowed=lambda text: "ERR_ABORTED" in text) as page:
        demo.do("settings", paused=True)
        page.wait_for_timeout(500)
        for _ in range(7):
            page.click("#add")
        eventually(lambda: page.inner_text("#connections") == "6")
        page.click("#ask")
        page.wait_for_timeout(3_000 if TO else 200)
        save(shot(page), folder / "seventh_tab.png")
        demo.do("settings", paused=False)


def test_the_small_chat(browser, demo, folder):
    with looking(browser, f"http://127.0.0.1:{demo.lanes()['websocket']}/small-chat") as page:
        for number, text in enumerate(["Anybody there?", "Yes: every page that has this address."], start=1):
            eventually(lambda number=number: page.locator("#log li").count() >= 5 * number)
            page.fill("input[name=text]", text)
            page.click("text=Send")
            eventually(lambda text=text: text in page.inner_text("#log"))
        save(shot(page), folder / "small_chat.png")
