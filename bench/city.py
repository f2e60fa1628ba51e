"""The city's load with an open page: acknowledgement, and the change in the row that an officer sees.

    python bench/city.py [--tracked 3300] [--seconds 60] [--every 10]

A whole installation (`sifang up`, real schema, encryption, snapshots, guard), the demonstration's offices,
`--tracked` devices (a boundary each), each of which speaks every `--every` seconds over its own connection
(3,300 at 10 s: 330 fixes/s), and one browser (headless Chromium, without WebGL: the map would be drawn by the
same two processors) with the duty officer's page 指挥 open. Received → changed: from the moment the device
wrote the fix to the moment the row's cell of that device shows its second (a MutationObserver in the page).
"""
# ruff: noqa: ANN001, ANN201

import argparse
import json
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "bench")]

import report  # noqa: E402

from tests.faults.common.installation import Installation  # noqa: E402

ZONE = ZoneInfo("Asia/Shanghai")
CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-3d-apis", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--disable-quic",
]  # fmt: skip
WATCHER = """
window.seen = [];
addEventListener("DOMContentLoaded", () => new MutationObserver((changes) => {
  const now = Date.now() / 1000;
  for (const change of changes) {
    const node = change.target.nodeType === 1 ? change.target : change.target.parentElement;
    const cell = node && node.closest('[data-cell="time"]');
    const row = cell && cell.closest("tr[data-measure]");
    if (row) window.seen.push([Number(row.dataset.measure), cell.textContent.trim(), now]);
  }
}).observe(document.body, { subtree: true, childList: true, characterData: true }));
"""
MEASURES = "[...document.querySelectorAll('tr[data-measure]')].map((row) => Number(row.dataset.measure))"
NEVER = float("inf")


def quantile(values, share):
    found = sorted(values)
    return found[min(len(found) - 1, int(share * len(found)))] if found else float("nan")


def memory_mb(pid):
    text = Path(f"/proc/{pid}/status").read_text("ascii")
    return {
        line.split(":")[0]: round(int(line.split()[1]) / 1000)
        for line in text.splitlines()
        if line.startswith(("VmRSS", "VmHWM"))
    }


def watched(where, asked):
    """Run the load with an open page; return fixes, what the page showed, its rows, seconds to open it."""
    from playwright.sync_api import sync_playwright

    argv = [
        sys.executable, str(ROOT / "bench" / "city_load.py"), "--plan", str(where.folder / "sim.json"),
        "--port", str(where.jt808_port), "--every", str(asked.every), "--seconds", str(asked.seconds + 25),
    ]  # fmt: skip
    with subprocess.Popen(argv, env=where.env, stdout=subprocess.PIPE, text=True) as load:
        try:
            signed = json.loads(load.stdout.readline())
            assert signed["refused"] == 0, signed
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
                page = browser.new_page(viewport={"width": 1600, "height": 1000})
                page.add_init_script(WATCHER)
                base = f"http://127.0.0.1:{where.http_port}"
                page.goto(f"{base}/signin")
                page.fill("input[name=username]", "fengban")
                page.fill("input[name=password]", "sifang-demo")
                page.keyboard.press("Enter")
                page.wait_for_url(lambda url: "signin" not in url, timeout=60_000)
                begun = time.monotonic()
                page.goto(f"{base}/command", wait_until="domcontentloaded", timeout=120_000)
                page.wait_for_selector("tr[data-measure]", timeout=120_000, state="attached")
                opened_s = time.monotonic() - begun
                rows = page.evaluate(MEASURES)
                time.sleep(12)  # every device has spoken, the page has settled
                page.evaluate("window.seen = []")
                from_s = time.time()
                page.wait_for_timeout(asked.seconds * 1000)
                seen = page.evaluate("window.seen")
                if asked.picture:
                    page.screenshot(path=str(asked.picture))
                browser.close()
            told = json.loads(load.stdout.readline())
        finally:
            load.kill()
    assert told["unanswered"] == 0, told["unanswered"]
    return (
        [fix for fix in told["fixes"] if from_s <= fix[2] <= from_s + asked.seconds - 3],
        seen,
        rows,
        opened_s,
    )


def shown_after(fixes, seen, rows, terminals):
    """Return seconds from written to shown of every fix whose row is on the page; NEVER: it did not come."""
    first = {}
    for measure, text, at in seen:
        first.setdefault((terminals.get(measure), text), at)
    on_page = {terminals.get(measure) for measure in rows}
    delays = []
    for terminal, taken_s, written, _ in fixes:
        if terminal in on_page:
            at = first.get((terminal, datetime.fromtimestamp(taken_s, ZONE).strftime("%H:%M:%S")))
            delays.append(NEVER if at is None else at - written)
    return delays


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracked", type=int, default=3300)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--every", type=float, default=10.0)
    parser.add_argument("--picture", type=Path, help="a screenshot of the open page")
    asked = parser.parse_args()
    with Installation(env={"SIFANG_DEMO": "1"}) as where:
        where.start()
        plan = str(where.folder / "sim.json")
        where.run("bench.intake_seed", "--devices", str(asked.tracked), "--plan", plan, timeout_s=600)
        terminals = dict(
            where.rows(
                "SELECT m.number, d.terminal_id FROM monitoring_binding b JOIN monitoring_measure m"
                " ON m.id = b.measure_id JOIN monitoring_device d ON d.id = b.device_id"
            )
        )
        fixes, seen, rows, opened_s = watched(where, asked)
        memory = memory_mb(where.pid("watch"))
    acks = [answered - written for _, _, written, answered in fixes]
    delays = shown_after(fixes, seen, rows, terminals)
    shown = [delay for delay in delays if delay != NEVER]
    assert shown, "no fix was shown"
    rate = len(fixes) / (asked.seconds - 3)
    load = f"{rate:.0f} fixes/s of {asked.tracked} devices, {len(fixes)} fixes, all acknowledged"
    ack99 = 1000 * quantile(acks, 0.99)
    dom99 = quantile(delays, 0.99)
    report.say(
        "city",
        [
            report.row(
                "written → acknowledged after commit, p99", round(ack99, 1), "ms", most=60,
                detail=f"{load}; p50 {1000 * quantile(acks, 0.5):.1f} ms, longest {1000 * max(acks):.0f} ms",
            ),
            report.row(
                "written → changed in the row of an open page, p99",
                round(dom99, 3) if dom99 < NEVER else None, "s", most=1.0,
                detail=f"{len(shown)} changes on {len(rows)} rows, {len(delays) - len(shown)} never shown;"
                f" p50 {quantile(delays, 0.5):.3f} s, longest shown {max(shown):.3f} s",
            ),
            report.row("memory of the watch", memory["VmRSS"], "MB", detail=f"most {memory['VmHWM']} MB"),
            report.row(
                "page 指挥 opened, all rows there", round(opened_s, 2), "s",
                detail=f"{len(rows)} rows; Chromium, watch, web and PostgreSQL on two cores",
            ),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
