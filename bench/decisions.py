"""`python -m bench.decisions`: what one decision of the policy costs, beside pycasbin with the same rules.

One principal with 300 rules in one project, every one a candidate for the action that is asked: single files, folders
and patterns, a tenth of them denials. Each decision is about another file. The best of several rounds counts: the
others had the machine's other work in them.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import casbin
from sqlmodel import SQLModel

from server.access import Action, Principal, RolePolicy, RoleService
from server.access.capabilities import Capabilities
from server.access.globs import parse_glob
from server.access.permission import Effect, Permission, Rule, Source
from server.kit.clock import SystemClock
from server.kit.database import Database
from server.kit.events import EventBus

RULES, NAMES = 300, 200
UNCACHED_US, CACHED_US = 25.0, 1.0
"""The bars, in microseconds."""

CASBIN_MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.sub == p.sub && r.act == p.act && covers(r.obj, p.obj)
"""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.decisions", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    rules = candidates()
    names = [f"file/src/package{n % 40}/module{n}.py" for n in range(NAMES)]
    can = Capabilities(Principal("ada", "Ada", 0), rules, datetime.now(UTC))
    enforcer = casbin_with(rules)
    remembered = cache(enforcer.enforce)  # it has none of its own
    check(can, enforcer, names)
    uncached = best(rounds, lambda name: can.evaluate(Action.WRITE, name), names)
    cached = best(rounds, lambda name: can.decide(Action.WRITE, name), names)
    plain = best(1, lambda name: enforcer.enforce("ada", name, "write"), names)
    remembering = best(rounds, lambda name: remembered("ada", name, "write"), names)
    print(f"{RULES} candidate rules, {NAMES} resources; microseconds for one decision\n")
    print(f"{'':28}{'uncached':>10}{'cached':>10}")
    print(f"{'Atrium':28}{uncached:10.2f}{cached:10.3f}")
    print(f"{'Atrium, with the policy':28}{'':10}{asyncio.run(through_policy(names)):10.3f}")
    print(f"{'pycasbin':28}{plain:10.0f}{remembering:10.3f}")
    print(f"{'bar':28}{UNCACHED_US:10.0f}{CACHED_US:10.0f}")
    return int(uncached > UNCACHED_US or cached > CACHED_US)


def candidates() -> list[Rule]:
    """The rules: a third each of files, folders and patterns; all of them about `write`."""
    shapes = ("file/src/package{n}/module{n}.py", "file/src/package{n}/**", "file/src/**/*_{n}.py")
    return [
        rule(n, shapes[n % len(shapes)].format(n=n), Effect.DENY if n % 10 == 0 else Effect.ALLOW) for n in range(RULES)
    ]


def rule(number: int, resource: str, effect: Effect) -> Rule:
    permission = Permission(f"rule{number}", f"project/*/{resource}", frozenset({Action.WRITE}), effect)
    return Rule(permission, parse_glob(resource), Source.MEMBER, ("bench",), None, None)


def casbin_with(rules: Sequence[Rule]) -> casbin.Enforcer:
    """pycasbin with the same rules, effects and patterns."""
    model = casbin.Model()
    model.load_model_from_text(CASBIN_MODEL)
    enforcer = casbin.Enforcer(model)
    enforcer.add_function("covers", lambda name, pattern: parse_glob(pattern).matches(name))
    for item in rules:
        enforcer.add_policy("ada", item.glob.text, "write", str(item.permission.effect))
    return enforcer


def check(can: Capabilities, enforcer: casbin.Enforcer, names: Sequence[str]) -> None:
    """Both have to say the same, or they do not do the same."""
    wrong = [name for name in names if can.allows(Action.WRITE, name) != enforcer.enforce("ada", name, "write")]
    if wrong:
        sys.exit(f"the two disagree about {wrong[:3]}")


def best(rounds: int, decide: Callable[[str], object], names: Sequence[str]) -> float:
    """Microseconds for one decision, in the best of `rounds` after one that warms up."""
    times = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        for name in names:
            decide(name)
        times.append((time.perf_counter() - began) / len(names) * 1e6)
    return min(times[1:])


async def through_policy(names: Sequence[str]) -> float:
    """The same with the way through `AccessPolicy.decide`, which looks up the capabilities."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}", durability="process")
        SQLModel.metadata.create_all(database.engine)
        policy = RolePolicy(RoleService(database, EventBus(), SystemClock(), anonymous_role="editor"))
        somebody = Principal("ada", "Ada", 0)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            for name in names:
                await policy.decide(somebody, Action.WRITE, "project", name)
            times.append((time.perf_counter() - began) / len(names) * 1e6)
        database.close()
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
