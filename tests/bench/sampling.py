"""How fast the live sampler follows the pointer: ``python -m tests.bench.sampling``.

Beside it, in the same run, the same numbers by a Streamlit slider and a plotly chart (sampling_plotly_app.py). Both
show 49,152 known logits; no model is needed. Two figures each: pictures a second while a slider is dragged to and
fro by a pointer that moves 60 times a second, and the time from a key pressed on the slider to the changed picture,
the median of eight.
"""

import asyncio
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from tests.e2e.conftest import FLAGS
from tests.server import ROOT, Server

SWEEPS, DRAG_STEPS, KEYS = 4, 100, 8
EVENTS_PER_SECOND = 60

# Notes each frame, each frame in which the picture has changed, and key to picture: window.seen.
WATCH = """(picture, attribute) => {
  const seen = window.seen = {frames: 0, pictures: 0, delays: []};
  let changed = false, pressed = 0;
  addEventListener('keydown', () => { pressed = performance.now(); }, true);
  const drawn = ({target}) => attribute !== 'd' || target.closest?.('.barlayer'); // plotly's bars
  new MutationObserver((all) => { changed ||= all.some(drawn); }).observe(picture,
    {subtree: true, childList: true, attributes: true, attributeFilter: [attribute]});
  const frame = () => {
    seen.frames++;
    if (changed) {
      seen.pictures++;
      if (pressed) { seen.delays.push(performance.now() - pressed); pressed = 0; }
      changed = false;
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""

# Milliseconds of everything a picture takes but the browser's own layout: all numbers, all panels.
COST = """({sampler}) => {
  const start = performance.now();
  for (let i = 0; i < 30; i++) sampler.paint();
  return (performance.now() - start) / 30;
}"""


async def drag(page: Page, x: float, y: float, width: float) -> None:
    """Press at x and move to and fro as a hand does: a movement each frame, sent without waiting for the last one's
    answer. (``page.mouse.move`` waits for each, which takes two frames: it would be the brake, not the page.)
    """
    session = await page.context.new_cdp_session(page)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.evaluate("Object.assign(window.seen, {frames: 0, pictures: 0, start: performance.now()})")
    begin, sent = asyncio.get_running_loop().time(), []
    for step in range(SWEEPS * DRAG_STEPS):
        way, part = divmod(step, DRAG_STEPS)
        share = part / DRAG_STEPS if way % 2 == 0 else 1 - part / DRAG_STEPS
        told = {"type": "mouseMoved", "x": x + width * share, "y": y, "button": "left", "buttons": 1}
        sent.append(asyncio.create_task(session.send("Input.dispatchMouseEvent", told)))
        await asyncio.sleep(begin + (step + 1) / EVENTS_PER_SECOND - asyncio.get_running_loop().time())
    await asyncio.gather(*sent)


async def measured(page: Page, slider: Any, picture: str, attribute: str) -> tuple[float, float, float]:
    """Pictures and frames a second while dragging, and the median milliseconds from key to picture."""
    await page.locator(picture).first.evaluate(WATCH, attribute)
    await page.wait_for_timeout(500)
    # Streamlit's slider is an input of no size of its own over a track as wide as the widget
    track = await slider.evaluate("e => (e.closest('[data-testid=stSlider]') ?? e).getBoundingClientRect()")
    box = await slider.bounding_box()
    await drag(page, track["x"] + 0.2 * track["width"], box["y"] + box["height"] / 2, 0.6 * track["width"])
    seen = await page.evaluate("({...window.seen, seconds: (performance.now() - window.seen.start) / 1000})")
    await page.mouse.up()
    await page.wait_for_timeout(1500)
    await page.evaluate("window.seen.delays.length = 0")
    for _ in range(KEYS):
        count = await page.evaluate("window.seen.delays.length")
        await slider.press("ArrowRight")
        await page.wait_for_function("n => window.seen.delays.length > n", arg=count)
        await page.wait_for_timeout(400)  # the release has been sent and answered
    delays = await page.evaluate("window.seen.delays")
    return seen["pictures"] / seen["seconds"], seen["frames"] / seen["seconds"], statistics.median(delays)


async def main() -> None:
    """Print a row for each of the two."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    apps = {
        "the live sampler": ("tests/e2e/sampling_app.py", ".rows", "style"),
        "slider and plotly": ("tests/bench/sampling_plotly_app.py", "[data-testid=stMain]", "d"),
    }
    print(f"{'':20}{'pictures/s':>12}{'frames/s':>12}{'key to picture':>18}   load {os.getloadavg()[0]:.1f}")
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=chromium, headless=True, args=list(FLAGS))
        for name, (script, picture, attribute) in apps.items():
            env = {"PYTHONPATH": str(ROOT)}
            with (
                tempfile.TemporaryDirectory() as folder,
                Server(Path(folder) / "log.txt", script=ROOT / script, env=env) as server,
            ):
                page = await browser.new_page(viewport={"width": 1280, "height": 900})
                await page.goto(server.url)
                slider = page.get_by_role("slider", name="Temperature").first
                await slider.wait_for()
                await page.locator(".sampler.ready, .js-plotly-plot .barlayer path").first.wait_for(state="attached")
                pictures, frames, delay = await measured(page, slider, picture, attribute)
                print(f"{name:20}{pictures:12.1f}{frames:12.1f}{delay:15.1f} ms")
                if picture == ".rows":
                    cost = await page.locator(".sampler").evaluate(COST)
                    print(f"{'':20}to compute and write one picture: {cost:.1f} ms")
                await page.close()
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
