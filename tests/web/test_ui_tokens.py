"""The colours of the product are readable: the contrast table is computed from the style sheet itself."""

from __future__ import annotations

import json
import re
from hashlib import sha384
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
CSS = (STATIC / "css" / "tokens.css").read_text()


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9A-F]{6});", block))


def block_after(marker: str) -> str:
    start = CSS.index("{", CSS.index(marker)) + 1
    return CSS[start : CSS.index("}", start)]


LIGHT = colours(block_after("  :root {"))
DARK = colours(block_after(':root[data-theme="dark"]'))
SYSTEM_DARK = colours(block_after(':root:not([data-theme="light"])'))
STATUSES = ("on-track", "ahead", "behind", "cannot-spend")


def luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


PAIRS = [
    *((text, ground, 4.5) for text in ("ink", "ink2", "ink3") for ground in ("surface", "canvas", "sunken")),
    *((text, ground, 4.5) for text in ("accent", *STATUSES) for ground in ("surface", "canvas", "hover")),
    *((status, f"{status}-soft", 4.5) for status in STATUSES),
    ("accent", "accent-soft", 4.5),
    ("ink3", "accent-soft", 4.5),
    ("ink2", "accent-soft", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-primary", "primary", 4.5),
    *(("control", ground, 3.0) for ground in ("surface", "canvas", "sunken")),
    ("fill", "track", 3.0),
]


@pytest.mark.parametrize(("text", "ground", "needed"), PAIRS)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_edges_stand_out_from_their_ground(theme, text, ground, needed):
    assert contrast(theme[text], theme[ground]) >= needed


def test_the_ratios_written_in_the_design_hold():
    written = {
        ("ink", "surface"): (17.6, 14.9),
        ("ink2", "surface"): (8.8, 9.2),
        ("accent", "surface"): (7.0, 8.3),
    }
    for (text, ground), (light, dark) in written.items():
        assert contrast(LIGHT[text], LIGHT[ground]) == pytest.approx(light, abs=0.06)
        assert contrast(DARK[text], DARK[ground]) == pytest.approx(dark, abs=0.06)


def test_dark_by_choice_and_dark_by_system_are_the_same_set():
    assert DARK == SYSTEM_DARK
    assert set(DARK) == set(LIGHT)


def test_every_status_has_its_own_shape():
    sprite = (STATIC / "icons.svg").read_text()
    names = (
        "on_track",
        "ahead",
        "behind",
        "cannot_spend",
        "unknown",
        "paused",
        "stale",
        "scheduled",
        "ended",
    )
    shapes = {name: re.search(rf'id="s-{name}"[^>]*>(.*?)</symbol>', sprite).group(1) for name in names}
    assert len(set(shapes.values())) == len(names)


def test_icons_that_pages_name_are_in_the_sprite():
    from lane.web.templatetags.lane_ui import ICONS

    known = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    used = {
        ICONS.get(name, name)
        for page in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r'{% icon "([\w-]+)"', page.read_text())
    }
    assert used | set(ICONS.values()) <= known


def test_no_template_carries_inline_style_or_script():
    # Mails know no style sheets; the admin's theme brings its own and no content policy.
    elsewhere = {ROOT / "templates" / "email", ROOT / "templates" / "admin"}
    for page in (ROOT / "templates").rglob("*.html"):
        if elsewhere & set(page.parents):
            continue
        text = page.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style|javascript:|\bhx-on", text), page
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), page


def test_shared_assets_stay_below_180_kilobytes():
    own = [each for each in STATIC.rglob("*") if each.is_file() and each.suffix in {".css", ".js", ".svg"}]
    assert sum(each.stat().st_size for each in own) <= 120_000  # htmx adds 51 kB


def test_vendored_files_are_what_the_manifest_says():
    for entry in json.loads((STATIC / "vendor" / "MANIFEST.json").read_text())["files"]:
        assert sha384((ROOT / entry["path"]).read_bytes()).hexdigest() == entry["sha384"], entry["path"]
