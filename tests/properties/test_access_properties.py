"""The laws of the policy: whatever the rules are, in whatever order they come."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from server.access import Action, Principal, SessionKind
from server.access.capabilities import Capabilities
from server.access.globs import ANY_DEPTH, GlobIndex, check_glob, parse_glob
from server.access.permission import Effect, Permission, Rule, Source
from server.access.roles import RoleBook, RoleDefinition
from server.access.standing import Standing

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ADA = Principal("ada", "Ada", 0, address="192.0.2.7", session_kind=SessionKind.WEB, signed_in_at=NOW)

segments = st.text(alphabet="ab", min_size=1, max_size=3)
names = st.lists(segments, max_size=4).map("/".join)
pieces = st.text(alphabet="ab*", min_size=1, max_size=3).filter(lambda text: "**" not in text)
globs = (
    st.lists(st.one_of(pieces, st.just(ANY_DEPTH), st.sampled_from([r"\*", r"a\*"])), max_size=4)
    .map("/".join)
    .filter(lambda text: text.split("/").count(ANY_DEPTH) <= 4)
)
times = st.sampled_from([None, NOW - timedelta(hours=1), NOW, NOW + timedelta(hours=1)])
conditions = st.lists(
    st.sampled_from(
        ["owner", "ip:192.0.2.0/24", "ip:198.51.100.0/24", "session:key", "fresh:5m", "time:13:00-14:00", "?"]
    ),
    max_size=2,
).map(tuple)
EFFECTS = st.sampled_from(Effect)
actions = st.frozensets(st.sampled_from([*map(str, Action), "fly"]), min_size=1, max_size=3)


@st.composite
def permissions(draw: st.DrawFn, effect: st.SearchStrategy[Effect] = EFFECTS) -> Permission:
    return Permission(
        str(draw(st.integers(0, 10_000))),
        f"project/*/{draw(globs)}".rstrip("/"),
        draw(actions),
        draw(effect),
        draw(conditions),
        draw(times),
        draw(times),
    )


@st.composite
def rules(draw: st.DrawFn, effect: st.SearchStrategy[Effect] = EFFECTS) -> Rule:
    permission = draw(permissions(effect))
    resource = permission.resource.removeprefix("project/*").removeprefix("/")
    return Rule(permission, parse_glob(resource), Source.GRANT, (), permission.not_before, permission.expires)


owners = st.sampled_from(["", "ada", "eve"])
questions = st.tuples(st.sampled_from(Action), names, owners)


def can(given: list[Rule]) -> Capabilities:
    return Capabilities(ADA, given, NOW)


def allowed(given: list[Rule], question: tuple[Action, str, str]) -> bool:
    action, resource, owner = question
    return can(given).allows(action, resource, owner=owner)


@given(st.lists(rules()), rules(st.just(Effect.DENY)), questions)
def test_one_more_deny_allows_nothing(given: list[Rule], deny: Rule, question: tuple[Action, str, str]) -> None:
    """Adding a deny never turns a deny into an allow."""
    assert allowed(given, question) or not allowed([*given, deny], question)


@given(st.lists(rules()), rules(st.just(Effect.ALLOW)), questions)
def test_one_more_allow_denies_nothing(given: list[Rule], allow: Rule, question: tuple[Action, str, str]) -> None:
    """Adding an allow never turns an allow into a deny."""
    assert not allowed(given, question) or allowed([*given, allow], question)


@given(st.lists(rules()), questions, st.randoms())
def test_the_order_of_rules_does_not_matter(
    given: list[Rule], question: tuple[Action, str, str], chance: random.Random
) -> None:
    """Shuffled rules decide the same, and give the same reason."""
    given = list({rule.id: rule for rule in given}.values())
    shuffled = chance.sample(given, len(given))
    action, resource, owner = question
    assert can(given).decide(action, resource, owner=owner) == can(shuffled).decide(action, resource, owner=owner)


@given(st.lists(rules()), st.lists(questions, min_size=1))
def test_what_is_remembered_is_what_is_computed(given: list[Rule], asked: list[tuple[Action, str, str]]) -> None:
    """A decision from the cache is the decision without it, the first time and after others."""
    remembering = can(given)
    for action, resource, owner in asked * 2:
        fresh = can(given).evaluate(action, resource, owner=owner)
        assert remembering.decide(action, resource, owner=owner) == fresh


@given(st.lists(rules()), questions)
def test_what_is_allowed_is_closed(given: list[Rule], question: tuple[Action, str, str]) -> None:
    """Whoever may do anything to a resource may read it, and its project exists; who administers may do all."""
    _, resource, owner = question
    mine = can(given)
    may = {action for action in Action if mine.allows(action, resource, owner=owner)}
    assert not may or (Action.READ in may and mine.visible)
    assert Action.ADMIN not in may or may == set(Action)


@given(st.lists(rules()), st.sampled_from(Action), globs, names)
def test_what_is_covered_is_allowed(given: list[Rule], action: Action, wide: str, resource: str) -> None:
    """`covers` promises nothing that `allows` does not keep, for any resource below."""
    mine = can(given)
    if mine.covers(action, wide) and parse_glob(wide).matches(resource):
        assert mine.allows(action, resource)


role_names = st.sampled_from(["a", "b", "c", "d"])


@st.composite
def books(draw: st.DrawFn) -> RoleBook:
    """Roles that inherit one another in any way, cycles and unknown ones included."""
    return RoleBook(
        RoleDefinition(
            name,
            "",
            tuple(draw(st.lists(st.sampled_from(["a", "b", "c", "d", "nobody"]), max_size=3))),
            tuple(draw(st.lists(permissions(st.just(Effect.ALLOW)), max_size=3))),
        )
        for name in "abcd"
    )


@given(books(), role_names, questions)
def test_inheritance_is_monotone(book: RoleBook, name: str, question: tuple[Action, str, str]) -> None:
    """A role allows whatever the roles that it inherits allow, and cycles end."""
    action, resource, owner = question

    def may(role: str) -> bool:
        given = Standing(server_role=role).rules("p", book)
        return Capabilities(ADA, given, NOW).allows(action, resource, owner=owner)

    definition = book.get(name)
    assert definition is not None
    assert may(name) or not any(may(inherited) for inherited in definition.inherits)


# Globs, against an oracle that tries everything


def oracle(glob: str, name: str) -> bool:
    """The meaning of a glob, word for word from its description."""
    return segments_match(tuple(glob.split("/")) if glob else (), tuple(name.split("/")) if name else ())


@cache
def segments_match(glob: tuple[str, ...], name: tuple[str, ...]) -> bool:
    if not glob:
        return not name
    if glob[0] == ANY_DEPTH:
        return any(segments_match(glob[1:], name[taken:]) for taken in range(len(name) + 1))
    return bool(name) and characters_match(glob[0], name[0]) and segments_match(glob[1:], name[1:])


@cache
def characters_match(glob: str, text: str) -> bool:
    if not glob:
        return not text
    if glob.startswith("*"):
        return any(characters_match(glob[1:], text[taken:]) for taken in range(len(text) + 1))
    literal = "*" if glob.startswith(r"\*") else glob[0]
    rest = glob[2:] if glob.startswith(r"\*") else glob[1:]
    return text.startswith(literal) and characters_match(rest, text[1:])


named = st.lists(st.text(alphabet="ab*", min_size=1, max_size=4), max_size=5).map("/".join)


@given(globs, named)
def test_globs_agree_with_the_oracle(glob: str, name: str) -> None:
    """A pattern matches what its description says, alone and in an index."""
    assert check_glob(glob) == glob
    assert parse_glob(glob).matches(name) is oracle(glob, name)
    assert list(GlobIndex([(parse_glob(glob), 1)]).matching(name)) == [1] * oracle(glob, name)


@given(globs, globs, named)
def test_globs_are_compared_on_the_safe_side(one: str, other: str, name: str) -> None:
    """What contains another matches all that it does, and what does not touch another shares no name with it."""
    first, second = parse_glob(one), parse_glob(other)
    assert first.contains(first)
    assert not (first.contains(second) and oracle(other, name)) or oracle(one, name)
    assert first.touches(second) or not (oracle(one, name) and oracle(other, name))
    assert first.touches(second) is second.touches(first)
