"""The policy as REST shows it."""

from __future__ import annotations

from collections.abc import Sequence

from server.access.changes import Change
from server.access.explain import Explained, Explanation
from server.access.model import User
from server.access.permission import Permission, relative
from server.access.policy_schemas import (
    BulkOut,
    ChangeOut,
    ExplanationOut,
    GrantBody,
    GrantOut,
    PermissionOut,
    RoleOut,
    RuleOut,
    TemplateOut,
    UserBrief,
)
from server.access.role_service import GivenGrant
from server.access.roles import RoleBook, RoleDefinition
from server.access.templates import Template


def user_out(user: User) -> UserBrief:
    return UserBrief(id=user.id, name=user.name, hue=user.hue, kind=user.kind)


def role_out(role: RoleDefinition, book: RoleBook) -> RoleOut:
    return RoleOut(
        name=role.name,
        description=role.description,
        built_in=role.built_in,
        inherits=list(role.inherits),
        permissions=[_permission_out(permission) for permission in role.permissions],
        effective_permissions=len(book.permissions(role.name)),
    )


def _permission_out(permission: Permission) -> PermissionOut:
    return PermissionOut(
        id=permission.id,
        resource=permission.resource,
        actions=sorted(permission.actions),
        effect=permission.effect,
        conditions=list(permission.conditions),
        not_before=permission.not_before,
        expires=permission.expires,
    )


def grant_out(given: GivenGrant) -> GrantOut:
    grant, permission = given.grant, given.grant.permission
    return GrantOut(
        id=grant.id,
        user=user_out(given.user),
        resource=relative(permission.resource, f"project/{grant.project_id}") or "",
        actions=sorted(permission.actions),
        effect=permission.effect,
        conditions=list(permission.conditions),
        not_before=permission.not_before,
        until=permission.expires,
        reason=grant.reason,
        granted_by=user_out(given.granted_by),
        created_at=grant.created_at,
    )


def bulk_out(changes: Sequence[Change], *, applied: bool) -> BulkOut:
    results = [
        ChangeOut(op=change.op, user=change.user.name, before=change.before, after=change.after) for change in changes
    ]
    return BulkOut(applied=applied, results=results)


def template_out(template: Template) -> TemplateOut:
    return TemplateOut(
        name=template.name,
        description=template.description,
        role=template.role,
        lasts_s=int(template.lasts.total_seconds()) if template.lasts else None,
        grants=[
            GrantBody.model_validate(
                {
                    "resource": grant.resource,
                    "actions": sorted(grant.actions),
                    "effect": grant.effect,
                    "conditions": list(grant.conditions),
                }
            )
            for grant in template.grants
        ],
    )


def explanation_out(explanation: Explanation) -> ExplanationOut:
    decision = explanation.decision
    return ExplanationOut(
        allowed=decision.allowed,
        reason=decision.reason,
        rule_id=decision.rule_id,
        role_path=list(decision.role_path),
        near_miss=decision.near_miss,
        valid_until=decision.valid_until,
        rules=[_rule_out(explained) for explained in explanation.rules],
    )


def _rule_out(explained: Explained) -> RuleOut:
    rule = explained.judged.rule
    return RuleOut(
        id=rule.id,
        source=rule.source,
        role_path=list(rule.role_path),
        resource=rule.glob.text,
        actions=sorted(rule.permission.actions),
        effect=rule.permission.effect,
        matches=explained.matches,
        why=explained.why,
    )
