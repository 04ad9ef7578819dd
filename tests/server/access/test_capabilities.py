from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.access import Action, Principal, Role, SessionKind
from server.access.capabilities import REMEMBERED, Capabilities
from server.access.globs import parse_glob
from server.access.permission import Effect, Permission, Rule, Source

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA = Principal("ada", "Ada", 0)
READ, WRITE, EXECUTE, DELETE, ADMIN = Action


def rule(
    id: str,
    resource: str,
    *actions: str,
    effect: str = Effect.ALLOW,
    conditions: tuple[str, ...] = (),
    not_before: datetime | None = None,
    expires: datetime | None = None,
) -> Rule:
    permission = Permission(id, f"project/*/{resource}", frozenset(actions or ("read",)), effect, conditions)
    return Rule(permission, parse_glob(resource), Source.MEMBER, (Role.EDITOR, Role.VIEWER), not_before, expires)


def can(*rules: Rule, principal: Principal = ADA) -> Capabilities:
    return Capabilities(principal, rules, NOW)


def test_the_default_is_no() -> None:
    """Without a rule nothing is allowed, and the project does not exist."""
    assert not can().visible
    decision = can().decide(READ)
    assert not decision.allowed
    assert decision.rule_id is None


def test_a_decision_names_its_rule() -> None:
    """An allow and a deny name the permission, the path of roles, and give a sentence."""
    mine = can(rule("1", "file/**", "write"), rule("2", "file/secret/**", effect=Effect.DENY))
    allowed, denied = mine.decide(WRITE, "file/a"), mine.decide(READ, "file/secret/a")
    assert (allowed.allowed, allowed.rule_id, allowed.role_path) == (True, "1", (Role.EDITOR, Role.VIEWER))
    assert (denied.allowed, denied.rule_id) == (False, "2")
    assert allowed.reason.endswith(".")
    assert denied.reason.endswith(".")


def test_who_may_read_anything_sees_the_project() -> None:
    """One file is enough for the project to exist; its own name is read then, and nothing else."""
    mine = can(rule("1", "file/a"))
    assert mine.visible
    assert mine.allows(READ)
    assert not mine.allows(WRITE)
    assert not mine.allows(READ, "tree")


@pytest.mark.parametrize("hidden", ["", "**"])
def test_who_may_not_read_the_project_reads_nothing_in_it(hidden: str) -> None:
    """A deny on the project itself hides all of it, whatever else is allowed."""
    mine = can(rule("1", "file/a"), rule("2", hidden, effect=Effect.DENY))
    assert not mine.visible
    assert not mine.allows(READ, "file/a")
    assert not mine.covers(READ, "file/a")


def test_an_allow_that_is_denied_altogether_shows_nothing() -> None:
    """The project exists for who can really read something."""
    assert not can(rule("1", "file/a/*"), rule("2", "file/**", effect=Effect.DENY)).visible
    assert can(rule("1", "file/**"), rule("2", "file/a/*", effect=Effect.DENY)).visible


@pytest.mark.parametrize(
    ("times", "near_miss"),
    [
        ({"expires": NOW}, "expired"),
        ({"not_before": NOW + HOUR}, "not yet valid"),
        ({"conditions": ("owner",)}, "condition owner"),
        ({"conditions": ("session:web",)}, "condition session:web"),
        ({"conditions": ("mfa",)}, "condition mfa"),
    ],
)
def test_a_near_miss_is_told(times: dict[str, object], near_miss: str) -> None:
    """What would have allowed it, but for the time or a condition, is told; also a condition nobody knows."""
    mine = can(rule("0", "file/b"), rule("1", "file/a", "read", **times))  # type: ignore[arg-type]
    decision = mine.decide(READ, "file/a")
    assert (decision.allowed, decision.near_miss) == (False, near_miss)
    assert near_miss in decision.reason


def test_what_is_not_known_denies() -> None:
    """A deny whose condition cannot be known counts; one whose condition does not hold does not."""
    for condition in ("ip:192.0.2.0/24", "mfa", "owner"):
        deny = rule("2", "file/a", effect=Effect.DENY, conditions=(condition,))
        assert not can(rule("1", "file/**"), deny).allows(READ, "file/a")
    elsewhere = replace(ADA, address="198.51.100.1")
    deny = rule("2", "file/a", effect=Effect.DENY, conditions=("ip:192.0.2.0/24",))
    assert can(rule("1", "file/**"), deny, principal=elsewhere).allows(READ, "file/a")


def test_an_owner_may_more() -> None:
    """With the condition `owner` it depends on whose the resource is."""
    mine = can(rule("1", "**"), rule("2", "job/**", "delete", conditions=("owner",)))
    assert mine.allows(DELETE, "job/7", owner="ada")
    assert not mine.allows(DELETE, "job/7", owner="eve")
    assert not mine.allows(DELETE, "job/7")
    assert not mine.covers(DELETE, "job/**")


def test_all_conditions_have_to_hold() -> None:
    """Two conditions are both needed."""
    both = rule("1", "file/a", conditions=("session:web", "ip:192.0.2.0/24"))
    here = replace(ADA, address="192.0.2.1", session_kind=SessionKind.WEB)
    assert can(both, principal=here).allows(READ, "file/a")
    assert not can(both, principal=replace(here, session_kind=SessionKind.KEY)).allows(READ, "file/a")
    assert not can(both, principal=replace(here, address="198.51.100.1")).allows(READ, "file/a")


def test_scopes_narrow() -> None:
    """A token without an action cannot do it, and without read sees nothing."""
    everything = rule("1", "**", "admin")
    assert can(everything, principal=replace(ADA, scopes=frozenset({READ}))).allows(READ, "file/a")
    assert not can(everything, principal=replace(ADA, scopes=frozenset({READ}))).allows(WRITE, "file/a")
    assert not can(everything, principal=replace(ADA, scopes=frozenset({READ}))).covers(WRITE, "file/**")
    assert not can(everything, principal=replace(ADA, scopes=frozenset())).visible


def test_it_holds_until_the_next_edge() -> None:
    """`valid_until` is the first moment at which any rule begins, ends or meets the edge of its window."""
    past, soon, later = rule("1", "a", expires=NOW), rule("2", "a", expires=NOW + 2 * HOUR), rule("3", "a")
    assert can(past, later).valid_until is None
    assert can(past, soon, later).valid_until == NOW + 2 * HOUR
    assert can(soon, rule("4", "a", not_before=NOW + HOUR)).valid_until == NOW + HOUR
    assert can(soon, rule("4", "a", conditions=("time:12:30-13:00",))).valid_until == NOW + HOUR / 2
    assert can(soon).decide(READ, "a").valid_until == NOW + 2 * HOUR


@pytest.mark.parametrize(
    ("rules", "covered"),
    [
        ([rule("1", "**")], True),
        ([rule("1", "file/**", "write")], True),
        ([rule("1", "file/*")], False),
        ([rule("1", "file/a/**"), rule("2", "file/b/**")], False),
        ([rule("1", "**"), rule("2", "file/secret", effect=Effect.DENY)], False),
        ([rule("1", "**"), rule("2", "doc/secret", effect=Effect.DENY)], True),
        ([rule("1", "**"), rule("2", "file/**", "write", effect=Effect.DENY)], True),
        ([rule("1", "**"), rule("2", "file/secret", effect=Effect.DENY, conditions=("owner",))], False),
        ([rule("1", "**", expires=NOW)], False),
    ],
)
def test_covering_all_files(rules: list[Rule], covered: bool) -> None:
    """All files are covered by one rule that has them all while no deny touches any of them."""
    assert can(*rules).covers(READ, "file/**") is covered


@pytest.mark.parametrize(
    ("mine", "until", "may"),
    [
        (rule("1", "**"), None, True),
        (rule("1", "**", expires=NOW + HOUR), None, False),
        (rule("1", "**", expires=NOW + HOUR), NOW + HOUR, True),
        (rule("1", "**", expires=NOW + HOUR), NOW + 2 * HOUR, False),
        (rule("1", "**", conditions=("ip:192.0.2.0/24",)), None, False),
    ],
)
def test_one_gives_what_one_has(mine: Rule, until: datetime | None, may: bool) -> None:
    """A right that ends, or hangs on a condition, is not given for longer or without."""
    principal = replace(ADA, address="192.0.2.1")
    assert can(mine, principal=principal).may_give(READ, "file/**", until) is may


def test_the_memory_is_bounded() -> None:
    """Whoever probes names does not fill the server's memory."""
    mine = can(rule("1", "**"))
    for number in range(REMEMBERED * 2):
        mine.decide(READ, f"file/{number}")
    assert len(mine._decided) <= REMEMBERED
