"""The evaluator: what one principal may do in one project. Deny beats allow; the default is no."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from server.access.conditions import OWNER, BadCondition, parse_condition
from server.access.decision import Decision
from server.access.globs import Glob, GlobIndex, parse_glob
from server.access.model import Action, Principal
from server.access.permission import Rule, Source, earliest

REMEMBERED: Final = 256
"""How many decisions are remembered; the limit keeps who probes names from filling the memory."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule and how it stands for a principal now.

    `fault` says why it does not count ("expired", "not yet valid", "condition …"); with `of_owner` it counts for what
    belongs to the principal. `until` is when that may change.
    """

    rule: Rule
    concerns: frozenset[Action]
    fault: str | None = None
    of_owner: bool = False
    until: datetime | None = None

    def fault_for(self, principal: Principal, owner: str) -> str | None:
        """Why it does not count for a resource of `owner`; whose it is may be unknown ("")."""
        if self.fault or not self.of_owner:
            return self.fault
        if owner == "":
            return f"condition {OWNER}" if self.rule.permission.allows else None
        return None if owner == principal.id else f"condition {OWNER}"


def judge(rule: Rule, principal: Principal, now: datetime) -> Judged:
    """How `rule` stands for `principal`: what cannot be known does not allow, but denies."""
    permission = rule.permission
    if rule.expires is not None and rule.expires <= now:
        return Judged(rule, permission.concerns, "expired")
    if rule.not_before is not None and now < rule.not_before:
        return Judged(rule, permission.concerns, "not yet valid", until=rule.not_before)
    fault, ends = None, [rule.expires]
    for text in permission.conditions:
        holds, until = _holds(text, principal, now)
        ends.append(until)
        if holds is False or (holds is None and permission.allows):
            fault = fault or f"condition {text}"
    return Judged(rule, permission.concerns, fault, OWNER in permission.conditions, earliest(ends))


def _holds(text: str, principal: Principal, now: datetime) -> tuple[bool | None, datetime | None]:
    try:
        condition = parse_condition(text)
    except BadCondition:  # written by another version
        return None, None
    if condition is None:
        return True, None
    verdict = condition.judge(principal, now)
    return verdict.holds, verdict.until


class Capabilities:
    """What one principal may do in one project (or with the server): immutable, synchronous, cheap.

    Ask again after a change of the policy, and at `valid_until`. `refusal` says why there is nothing at all.
    """

    def __init__(self, principal: Principal, rules: Iterable[Rule], now: datetime, *, refusal: str = "") -> None:
        self.principal = principal
        self.rules = tuple(judge(rule, principal, now) for rule in sorted(rules, key=lambda rule: rule.id))
        self.valid_until = earliest(judged.until for judged in self.rules)
        self._refusal = refusal
        self._index = GlobIndex((judged.rule.glob, judged) for judged in self.rules)
        self._decided: dict[tuple[str, str, str], Decision] = {}
        self._entrance = self._enter()
        self.visible = self._entrance.allowed

    def decide(self, action: Action, resource: str = "", *, owner: str = "") -> Decision:
        """Whether `action` on `resource` is allowed; `owner` is the id of the principal to whom it belongs."""
        key = (action, resource, owner)
        decision = self._decided.get(key)
        if decision is None:
            if len(self._decided) >= REMEMBERED:
                self._decided.clear()
            decision = self._decided[key] = self.evaluate(action, resource, owner=owner)
        return decision

    def allows(self, action: Action, resource: str = "", *, owner: str = "") -> bool:
        """Whether `action` on `resource` is allowed."""
        return self.decide(action, resource, owner=owner).allowed

    def covers(self, action: Action, resources: str) -> bool:
        """Whether one rule allows `action` on every resource that the pattern matches, and no deny touches any."""
        wide = parse_glob(resources)
        return (
            self.visible
            and self._in_scope(action)
            and any(self._allows_all(judged, action, wide) for judged in self.rules)
            and not self._denies_some(action, wide)
        )

    def may_give(self, action: Action, resources: str, until: datetime | None) -> bool:
        """Whether the principal may do all this on no conditions, and until then at least: one gives what one has."""
        wide = parse_glob(resources)
        return self.covers(action, resources) and any(
            self._allows_all(judged, action, wide)
            and not judged.rule.permission.conditions
            and _lasts(judged.rule.expires, until)
            for judged in self.rules
        )

    def evaluate(self, action: Action, resource: str = "", *, owner: str = "") -> Decision:
        """`decide` without a memory."""
        if not self.visible:
            return self._entrance
        if not self._in_scope(action):
            return self._no(f"The token's scopes do not include '{action}'.")
        if resource == "" and action == Action.READ:
            return self._entrance
        return self._weigh(self._matching(action, resource), action, owner)

    # Inside

    def _enter(self) -> Decision:
        """Whether the project exists for the principal: it does for who may read anything in it."""
        read = Action.READ
        if self._refusal or not self._in_scope(read):
            return self._no(self._refusal or "The token's scopes do not include 'read'.")
        denies = [judged for judged in self._matching(read, "") if not judged.rule.permission.allows]
        allows = (judged for judged in self.rules if judged.rule.permission.allows and read in judged.concerns)
        return self._weigh([*denies, *(judged for judged in allows if not self._swallowed(judged))], read, self._me)

    @property
    def _me(self) -> str:
        return self.principal.id

    def _matching(self, action: Action, resource: str) -> list[Judged]:
        return [judged for judged in self._index.matching(resource) if action in judged.concerns]

    def _weigh(self, matching: Iterable[Judged], action: Action, owner: str) -> Decision:
        """The decision by the rules that match: the first deny, else the first allow, else nothing does."""
        allow = near = None
        for judged in sorted(matching, key=_by_id):
            fault = judged.fault_for(self.principal, owner)
            if not judged.rule.permission.allows:
                if fault is None:
                    return self._by(judged, False, f"A rule denies '{action}' here.")
            elif fault is None:
                allow = allow or judged
            else:
                near = near or fault
        if allow:
            return self._by(allow, True, _allowed_by(allow.rule, action))
        return self._no(f"Nothing allows you to {action} this{f' ({near})' if near else ''}.", near)

    def _swallowed(self, allow: Judged) -> bool:
        """Whether a deny takes away everything that `allow` lets read."""
        return any(
            judged.fault is None
            and not judged.of_owner
            and not judged.rule.permission.allows
            and Action.READ in judged.concerns
            and judged.rule.glob.contains(allow.rule.glob)
            for judged in self.rules
        )

    def _allows_all(self, judged: Judged, action: Action, wide: Glob) -> bool:
        counts = judged.fault is None and not judged.of_owner and judged.rule.permission.allows
        return counts and action in judged.concerns and judged.rule.glob.contains(wide)

    def _denies_some(self, action: Action, wide: Glob) -> bool:
        return any(
            judged.fault is None
            and not judged.rule.permission.allows
            and action in judged.concerns
            and judged.rule.glob.touches(wide)
            for judged in self.rules
        )

    def _in_scope(self, action: Action) -> bool:
        scopes = self.principal.scopes
        return scopes is None or action in scopes

    def _by(self, judged: Judged, allowed: bool, reason: str) -> Decision:
        return Decision(allowed, reason, judged.rule.id, judged.rule.role_path, valid_until=self.valid_until)

    def _no(self, reason: str, near_miss: str | None = None) -> Decision:
        return Decision(False, reason, near_miss=near_miss, valid_until=self.valid_until)


def _by_id(judged: Judged) -> str:
    return judged.rule.id


def _allowed_by(rule: Rule, action: Action) -> str:
    if rule.source is Source.GRANT:
        return f"A grant allows '{action}'."
    return f"The role '{rule.role_path[0]}' allows '{action}'."


def _lasts(expires: datetime | None, until: datetime | None) -> bool:
    return expires is None or (until is not None and until <= expires)
