"""A run of the bench ends in time and leaves a record, whatever the server does."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from bench import runner
from bench.load import Figures
from bench.report import markdown, svg
from bench.runner import TimeBox, run_once
from bench.scenario import Column, Scenario
from bench.servers import Server


class Mute(Server):
    """Prints a port and waits."""

    name = "mute"
    code = "print('listening on port 1', flush=True); import time; time.sleep(600)"

    def command(self) -> list[str | Path]:
        return [sys.executable, "-c", self.code]

    def cwd(self) -> Path:
        return self.data


class Stillborn(Mute):
    """Ends before it listens."""

    name = "stillborn"
    code = "raise SystemExit('no such module')"


started: list[Server] = []


def hang(server: Server) -> Figures:
    """Waits for an answer that never comes."""
    started.append(server)
    signal.pause()
    return {}


def succeed(_server: Server) -> Figures:
    return {"rate": 100.0}


def scenario(run: object, *servers: type[Server], limit_s: float = 30) -> Scenario:
    return Scenario("waiting", "Waiting", run, (Column("rate", "rate"),), servers, limit_s=limit_s)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "DATA", tmp_path)


def test_a_server_that_hangs() -> None:
    """A run that takes too long is interrupted, recorded as failed, and its server is gone."""
    run = run_once(scenario(hang, Mute, limit_s=1), Mute, 1)
    assert "TooLong" in run["error"]
    assert run["figures"] == {}
    assert not started[-1].alive


def test_a_server_that_does_not_start() -> None:
    """What a server last said before it ended is the reason in its row."""
    measured = scenario(succeed, Mute, Stillborn)
    runs = [run_once(measured, kind, 1) for kind in measured.servers]
    table = markdown(runs, measured)
    assert "| mute | 100 |" in table
    assert "| stillborn | failed |" in table
    assert "no such module" in table
    assert "failed" in svg(runs, measured)


def test_a_failed_repetition_is_told() -> None:
    """The median is of the runs that succeeded, and the page says how many did not."""
    measured = scenario(succeed, Mute)
    runs = [run_once(measured, Mute, repetition) for repetition in (1, 2)]
    runs[1] |= {"figures": {}, "error": "TooLong: It took longer than 1 s."}
    table = markdown(runs, measured)
    assert "| mute | 100 |" in table
    assert "mute failed in 1 of 2 runs" in table


def test_a_loss_is_no_victory() -> None:
    """A server that has lost something is not compared: doing less costs less."""
    measured = scenario(succeed, Mute)
    run = run_once(measured, Mute, 1)
    run["figures"]["missing"] = 3
    assert "| mute | 100 | loses |" in markdown([run], measured)


def test_a_busy_generator_is_told() -> None:
    """A figure that may be the generator's limit is marked."""
    measured = scenario(succeed, Mute)
    run = run_once(measured, Mute, 1)
    run["figures"]["generator_share"] = 0.97
    assert "| mute † |" in markdown([run], measured)


def test_what_does_not_fit_is_left_out() -> None:
    """A run that took longer than what is left of the time is not begun again."""
    measured = scenario(succeed, Mute)
    box = TimeBox(minutes=1)
    assert box.fits(measured, Mute, 1)
    box.remember({"scenario": measured.name, "server": Mute.name, "took_s": 61})
    assert not box.fits(measured, Mute, 2)
