"""Why somebody may or may not do something: the decision, and every rule that concerns them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.access.capabilities import Capabilities, Judged
from server.access.decision import Decision
from server.access.model import Action, Principal, User, hue_of
from server.access.policy_data import PolicyData


@dataclass(frozen=True, slots=True)
class Explained:
    """One rule: whether it takes part in the decision, and why or why not."""

    judged: Judged
    matches: bool
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and all rules, those that take part first."""

    decision: Decision
    rules: Sequence[Explained]


async def explain(data: PolicyData, user: User, action: Action, project_id: str, resource: str = "") -> Explanation:
    """What the policy says of `user` now, of whom nothing is known but the roles and grants: no address, no sign-in."""
    asked = Principal(user.id, user.name, hue_of(user.id), user.kind)
    can = await data.capabilities(asked, project_id)
    decision = can.decide(action, resource)
    rules = [_explained(can, judged, action, resource, decision) for judged in can.rules]
    return Explanation(decision, sorted(rules, key=lambda rule: not rule.matches))


def _explained(can: Capabilities, judged: Judged, action: Action, resource: str, decision: Decision) -> Explained:
    """A project is seen by whoever may read anything in it: then a rule about something else has decided."""
    rule = judged.rule
    decides = rule.id == decision.rule_id
    if action not in judged.concerns:
        return Explained(judged, False, "another action")
    if not decides and not rule.glob.matches(resource):
        return Explained(judged, False, "another resource")
    fault = judged.fault_for(can.principal, "")
    return Explained(judged, fault is None, fault or str(rule.permission.effect))
