"""Reports on real, tiny runs: what the pages hold, and whether a browser can use them."""

import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import audio  # noqa: F401
import vision  # noqa: F401
from viewlearn.evaluation.feature_dropping import JudgeSettings
from viewlearn.report import AnalysisSettings, write_report
from viewlearn.report.blocks import Section
from viewlearn.report.sections import curves, embedding
from viewlearn.runs import make_parser, run

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
BROWSER_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --enable-logging=stderr"
)
SMALL = "--batch_size 32 --encoder Backbone --encoder.name resnet10w4 --threads 1 --device cpu --precision fp32"
SHORT = "--memory_format contiguous --steps 4 --log_every 1 --checkpoint_every 2 --monitor_every 2 --report false"
IMAGES = "--data.num_train 128 --data.num_validation 32 --data.num_test 64"
SOUNDS = (
    "--data audio.SyntheticVowels --data.num_train 64 --data.num_test 40 --data.num_speakers 6 --data.num_recordings 4"
)
ANALYSIS = AnalysisSettings(
    num_samples=40, num_draws=2, judge=JudgeSettings("resnet10w4", steps=3, num_train=64), threshold=0.05, cache=None
)

# Uses the page as a reader does, and leaves what it saw in the document.
USE = """
<script>
window.addEventListener("load", async () => {
  const seen = {errors: window.errors, tablists: 0, kept: true, audio: [], overflow: 0};
  for (const list of document.querySelectorAll("[role=tablist]")) {
    seen.tablists += 1;
    const tabs = [...list.children], panels = tabs.map((t) => document.getElementById(t.getAttribute("aria-controls")));
    tabs[0].focus();
    tabs[0].dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
    seen.kept &&= panels[1].hidden === false && panels[0].hidden;
    if (list.offsetParent) seen.kept &&= document.activeElement === tabs[1]; // else in a panel that isn't shown
    tabs[0].click();
    seen.kept &&= panels[0].hidden === false && panels[1].hidden;
  }
  const button = document.querySelector("button.run"), curve = document.querySelector('[id*="-run0-"]');
  button.click();
  seen.hides = getComputedStyle(curve).display === "none";
  button.click();
  seen.shows = getComputedStyle(curve).display !== "none";
  for (const player of [...document.querySelectorAll("audio")].slice(0, 3)) {
    if (player.readyState < 1) await new Promise((done) => { player.onloadedmetadata = player.onerror = done; });
    seen.audio.push(player.duration);
  }
  seen.broken = [...document.images].filter((image) => !image.complete || !image.naturalWidth).length;
  seen.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.external = [...document.querySelectorAll("[src], [href]")]
    .map((element) => element.getAttribute("src") || element.getAttribute("href"))
    .filter((url) => url && !url.startsWith("data:") && !url.startsWith("#")).length;
  const result = document.createElement("pre");
  result.id = "seen";
  result.textContent = JSON.stringify(seen);
  document.body.append(result);
});
</script>
"""


def train(folder: Path, flags: str) -> None:
    """A run without the pictures that it would draw at its end: a page draws its own."""
    parser = make_parser("", {"data": {"class_path": "vision.PhotoDigits"}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["viewlearn.runs.run"], "save_figures", lambda *_: [])
        run(parser, [*shlex.split(f"{flags} {SMALL} {SHORT}"), "--out", str(folder)])


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    """Two runs on images and their report."""
    folder = tmp_path_factory.mktemp("images")
    train(folder / "viewmaker", f"{IMAGES} --views.width 4")
    train(folder / "none", f"{IMAGES} --views NoViews")
    return write_report([folder / "viewmaker", folder / "none"], folder / "report.html", analyze=ANALYSIS)


@pytest.fixture(scope="module")
def waveform(tmp_path_factory) -> Path:
    """A run on sounds whose views act on the waveform."""
    folder = tmp_path_factory.mktemp("sounds")
    train(folder / "waveform", f"{SOUNDS} --views WaveformViews")
    return folder / "waveform"


@pytest.fixture(scope="module")
def sounds(waveform) -> Path:
    """The report of this run."""
    return write_report([waveform], waveform.with_name("report.html"), analyze=ANALYSIS)


@pytest.fixture
def short_page(monkeypatch) -> None:
    """Pages without charts and maps, which take most of their time."""
    monkeypatch.setattr(curves, "section", lambda runs: Section("curves", "Training", []))
    monkeypatch.setattr(embedding, "sections", lambda runs: [])


def gaps_of(page: Path) -> list[str]:
    return re.findall(r'class="gap" role="note">(.*?)</p>', page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.slow
def test_images(images):
    html = images.read_text(encoding="utf-8")
    assert gaps_of(images) == []
    for told in ("views.budget", "region", "digit", "majority", "labels destroyed", "step 2", "t-SNE", "samples/s"):
        assert told in html
    assert html.count("data:image/png") > 100
    assert (images.parent / "viewmaker" / "feature_dropping.json").is_file()


def test_an_analysis_is_kept_in_the_folder(images, short_page):
    assert write_report([images.parent / "viewmaker"], images.with_name("again.html")).is_file()
    assert gaps_of(images.with_name("again.html")) == []


@pytest.mark.slow
def test_runs_on_different_data_and_a_torn_checkpoint(images, waveform, tmp_path):
    torn = shutil.copytree(images.parent / "viewmaker", tmp_path / "torn")
    (torn / "feature_dropping.json").unlink()
    for path in torn.glob("checkpoints/*/state.safetensors"):
        path.write_bytes(path.read_bytes()[:-10])
    page = write_report([torn, waveform], tmp_path / "report.html", analyze=ANALYSIS)
    html, gaps = page.read_text(encoding="utf-8"), gaps_of(page)
    assert "trained on different data" in html
    assert len(gaps) == 2  # views, and what they destroy
    assert all("torn has no whole checkpoint" in gap for gap in gaps)
    assert "is missing or torn" in html


@pytest.mark.slow
def test_the_command(images, short_page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    flags = (str(images.parent / "none"), "--analyze", "false", "--out", "r.html")
    monkeypatch.setattr(sys, "argv", ["report.py", *flags])
    runpy.run_path(str(EXPERIMENTS / "report.py"), run_name="__main__")
    assert "report: r.html" in capsys.readouterr().out
    assert Path("r.html").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed, in which the report would be opened")
@pytest.mark.parametrize("kind", ["images", "sounds"])
@pytest.mark.parametrize("size", ["1280,900", "500,900"])
def test_in_a_browser(kind, size, request, tmp_path):
    html = request.getfixturevalue(kind).read_text(encoding="utf-8")
    errors = "<script>window.errors = []; window.onerror = (message) => { window.errors.push(message); };</script>"
    page = tmp_path / "page.html"
    page.write_text(html.replace("<head>", "<head>" + errors).replace("</body>", USE + "</body>"), encoding="utf-8")
    own = [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={size}", "--virtual-time-budget=20000"]
    command = [BROWSER, *BROWSER_FLAGS.split(), *own, "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert "CONSOLE" not in done.stderr
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout)
    assert found, done.stderr[-2000:]
    seen = json.loads(found[1])
    assert seen["errors"] == []
    assert seen["hides"] and seen["shows"]
    assert seen["broken"] == 0
    assert seen["external"] == 0
    assert seen["overflow"] <= 0  # wide tables scroll in themselves, not the page
    assert seen["kept"]
    if kind == "sounds":
        assert seen["audio"] and all(duration == pytest.approx(1, abs=0.5) for duration in seen["audio"])
    else:
        assert seen["tablists"] >= 3
