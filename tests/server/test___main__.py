"""The `atrium` command: options, exit codes, and errors of one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server.__main__ import main


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of whoever runs the tests counts here."""
    for name in [name for name in os.environ if name.startswith("ATRIUM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ATRIUM_DATA_DIR", str(tmp_path / "data"))


def test_every_bad_setting_is_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The server does not start on bad settings: exit code 2, one line for each, no secret among them."""
    monkeypatch.setenv("ATRIUM_ADMIN_TOKEN", "too-short")
    monkeypatch.setenv("ATRIUM_DURABILITY", "maybe")
    monkeypatch.setenv("ATRIUM_LIMIT_FRAMES_PER_S", "fast")
    assert main(["serve", "--port", "70000"]) == 2
    said = capsys.readouterr().err
    names = ("ATRIUM_PORT", "ATRIUM_ADMIN_TOKEN", "ATRIUM_DURABILITY", "ATRIUM_LIMIT_FRAMES_PER_S")
    assert [line.partition(":")[0] for line in sorted(said.splitlines()[1:])] == sorted(names)
    assert "too-short" not in said


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that fails says why on one line of standard error, and nothing on standard output."""
    assert main(["token", "create", "--user", "mia", "--project", "nowhere", "--role", "editor"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert printed.err.startswith("atrium: ")


def test_a_token_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """What `token create` prints can be put into a variable."""
    assert main(["token", "create", "--user", "mia"]) == 0
    assert capsys.readouterr().out.startswith("atr_pat_")


def test_a_database_that_cannot_be_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A data directory that is a file is an error of one line."""
    (tmp_path / "file").write_text("")
    assert main(["token", "create", "--user", "mia", "--data-dir", str(tmp_path / "file")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["fly"], ["serve", "--wings"]])
def test_unknown_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is no command or option is answered with the usage and exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: atrium" in capsys.readouterr().err


def test_what_commands_do_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """A token made on the command line is in the audit log, which is whole, and `audit verify` says so."""
    assert main(["token", "create", "--user", "mia", "--role", "editor"]) == 0
    token = capsys.readouterr().out.strip()
    assert main(["audit", "verify"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("whole  server  ")
    assert token not in line
    assert int(line.split()[2]) >= 1


def test_a_broken_log_is_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A head that is nowhere in the log ends `audit verify` with 1 and one line of error."""
    assert main(["audit", "verify", "--head", "0" * 64]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("missing  head 0000")
    assert len(printed.err.splitlines()) == 1
