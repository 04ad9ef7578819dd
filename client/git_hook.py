"""A git pre-receive hook: pushes to a leased branch need the fence of the lease, `git push -o fence=N`.

git calls it with one line for each ref on standard input (githooks(5)). It fails closed: when the server cannot be
asked, nothing is accepted, since nobody knows whose turn it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from client.atrium import AtriumClient
from client.errors import AtriumClientError
from client.model import LeaseInfo

BRANCHES = "refs/heads/"
SETTINGS = "atrium.json"
MARK = "# installed by `atrium git-hook install`"


class HookError(Exception):
    """The hook cannot be installed, for the reason given."""


def install(repository: Path, *, url: str, token: str, project: str, name: str = "") -> Path:
    """Puts the hook into a repository that is pushed to; returns its path. Raises `HookError`.

    `name` is what leases call the repository (`git:name:main`); without one they name the branch alone.
    """
    git_dir = _git_dir(repository)
    hook = git_dir / "hooks" / "pre-receive"
    if hook.exists() and MARK not in hook.read_text(errors="replace"):
        raise HookError(f"{hook} is there already: let it call {_command()} too, or move it away.")
    hook.parent.mkdir(exist_ok=True)
    settings = git_dir / SETTINGS
    settings.touch(mode=0o600)
    settings.write_text(json.dumps({"url": url, "token": token, "project": project, "name": name}))
    hook.write_text(f"#!/bin/sh\n{MARK}\nexec {_command()}\n")
    hook.chmod(0o755)
    _git(git_dir, "config", "receive.advertisePushOptions", "true")
    return hook


def main() -> int:
    """What the hook runs, in the repository's git directory; returns 1 to refuse the push."""
    settings = json.loads((Path(os.environ.get("GIT_DIR", ".")) / SETTINGS).read_text())
    branches = [ref for line in sys.stdin if (ref := line.split()[2]).startswith(BRANCHES)]
    refusals = asyncio.run(_refusals(settings, branches, push_fence(os.environ)))
    for refusal in refusals:
        print(f"atrium: {refusal}", file=sys.stderr)
    return 1 if refusals else 0


def push_fence(environment: Mapping[str, str]) -> int | None:
    """The fence among the push options (git-push(1), `--push-option`); the last one counts, 0 is one that is none."""
    fence = None
    for number in range(int(environment.get("GIT_PUSH_OPTION_COUNT", "0"))):
        key, _, value = environment[f"GIT_PUSH_OPTION_{number}"].partition("=")
        if key == "fence":
            fence = int(value) if value.isascii() and value.isdigit() else 0
    return fence


async def _refusals(settings: Mapping[str, str], refs: Iterable[str], fence: int | None) -> list[str]:
    prefix = f"{settings['name']}:" if settings["name"] else ""
    async with AtriumClient(settings["url"], settings["token"] or None) as client:
        refusals = []
        for ref in refs:
            resource = f"git:{prefix}{ref.removeprefix(BRANCHES)}"
            try:
                leases = await client.leases(settings["project"], overlapping=resource)
            except AtriumClientError as error:
                return [f"the leases cannot be checked, so nothing is accepted: {error.detail}"]
            refusals += [reason] if (reason := refusal(resource, leases.items, fence)) else []
        return refusals


def refusal(resource: str, leases: Iterable[LeaseInfo], fence: int | None) -> str:
    """Why a push to `resource` is refused, "" if it is not, where these `leases` have to do with it."""
    in_use = list(leases)
    if fence is not None:
        current = any(lease.fence == fence and lease.state == "held" and lease.mode == "x" for lease in in_use)
        return "" if current else f"{resource}: fence {fence} is not that of a lease in use; take the lease again."
    if not in_use:
        return ""
    first = in_use[0]
    if first.state == "delay":
        return f"{resource} is closed for a moment: its last holder failed. Push again."
    return (
        f"{resource} is leased by {first.user}. Push with the lease: "
        f"atrium lock {resource} -- sh -c 'git push -o fence=\"$ATRIUM_FENCE\"'"
    )


def _command() -> str:
    return f"{shlex.quote(sys.executable)} -m client.git_hook"


def _git_dir(repository: Path) -> Path:
    try:
        return Path(_git(repository, "rev-parse", "--absolute-git-dir").strip())
    except (OSError, subprocess.CalledProcessError):
        raise HookError(f"{repository} is no git repository.") from None


def _git(where: Path, *arguments: str) -> str:
    return subprocess.run(  # noqa: S603 (the words are ours, but for the path of the repository)
        ["git", "-C", str(where), *arguments],  # noqa: S607 (whichever git comes first, as in a shell)
        capture_output=True,
        text=True,
        check=True,
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
