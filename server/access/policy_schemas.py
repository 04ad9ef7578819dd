"""What the REST of the policy takes and answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from server.access.conditions import parse_condition
from server.access.globs import check_glob
from server.access.model import Action, Kind
from server.access.permission import Effect, Permission
from server.access.roles import RoleDefinition
from server.kit.ids import uuid7

MAX_LIFETIME_S = 10 * 365 * 24 * 3600
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"
ROLE_RESOURCE = r"^(project/\*|project/\*/.+|system/.+)$"


def _condition(text: str) -> str:
    parse_condition(text)
    return text


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
Text = Annotated[str, StringConstraints(max_length=500, pattern=PRINTABLE)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Resource = Annotated[str, StringConstraints(max_length=512), AfterValidator(check_glob)]
FullResource = Annotated[str, StringConstraints(max_length=512, pattern=ROLE_RESOURCE), AfterValidator(check_glob)]
Actions = Annotated[list[Action], Field(min_length=1, max_length=len(Action))]
Conditions = Annotated[
    list[Annotated[str, StringConstraints(max_length=200), AfterValidator(_condition)]], Field(max_length=20)
]


class Body(BaseModel):
    """A request's body: a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class NewPermission(Body):
    """A permission of a role. `resource` is `project/*/…` (limited to the project of a member) or `system/…`."""

    id: Annotated[str, StringConstraints(max_length=64)] | None = None
    resource: FullResource
    actions: Actions
    effect: Effect = Effect.ALLOW
    conditions: Conditions = []
    not_before: AwareDatetime | None = None
    expires: AwareDatetime | None = None

    def permission(self) -> Permission:
        return Permission(
            self.id or uuid7(),
            self.resource,
            frozenset(self.actions),
            self.effect,
            tuple(self.conditions),
            self.not_before,
            self.expires,
        )


class NewRole(Body):
    """A role: its own permissions, and the roles that it inherits."""

    description: Text = ""
    inherits: Annotated[list[Name], Field(max_length=50)] = []
    permissions: Annotated[list[NewPermission], Field(max_length=500)] = []

    def definition(self, name: str) -> RoleDefinition:
        permissions = tuple(item.permission() for item in self.permissions)
        return RoleDefinition(name, self.description, tuple(dict.fromkeys(self.inherits)), permissions)


class PermissionOut(BaseModel):
    """A permission of a role."""

    id: str
    resource: str
    actions: list[str]
    effect: str
    conditions: list[str]
    not_before: datetime | None
    expires: datetime | None


class RoleOut(BaseModel):
    """A role; `effective_permissions` counts those that it inherits as well."""

    name: str
    description: str
    built_in: bool
    inherits: list[str]
    permissions: list[PermissionOut]
    effective_permissions: int


class UserBrief(BaseModel):
    """A user as others see them."""

    id: str
    name: str
    hue: int = Field(ge=0, le=11)
    kind: Kind


class GrantBody(Body):
    """What a grant allows or denies; `resource` is a pattern relative to the project, e.g. `file/src/**`."""

    resource: Resource
    actions: Actions
    effect: Effect = Effect.ALLOW
    conditions: Conditions = []

    def permission(self) -> Permission:
        return Permission("", self.resource, frozenset(self.actions), self.effect, tuple(self.conditions))


class NewGrantIn(GrantBody):
    """A grant for one user (id or name), from `not_before` and until `until`."""

    user: Reference
    not_before: AwareDatetime | None = None
    until: AwareDatetime | None = None
    reason: Text = ""

    def permission(self) -> Permission:
        return Permission(
            "",
            self.resource,
            frozenset(self.actions),
            self.effect,
            tuple(self.conditions),
            self.not_before,
            self.until,
        )


class GrantOut(BaseModel):
    """A grant, who gave it and why."""

    id: str
    user: UserBrief
    resource: str
    actions: list[str]
    effect: str
    conditions: list[str]
    not_before: datetime | None
    until: datetime | None
    reason: str
    granted_by: UserBrief
    created_at: datetime


class SetRole(Body):
    """Gives a role in the project."""

    op: Literal["set_role"]
    user: Reference
    role: Annotated[str, StringConstraints(max_length=64)]
    until: AwareDatetime | None = None


class Remove(Body):
    """Ends a membership."""

    op: Literal["remove"]
    user: Reference


class AddGrant(NewGrantIn):
    """Gives a grant."""

    op: Literal["grant"]


class RevokeGrant(Body):
    """Takes a grant back."""

    op: Literal["revoke_grant"]
    id: Annotated[str, StringConstraints(max_length=64)]


ChangeIn = Annotated[SetRole | Remove | AddGrant | RevokeGrant, Field(discriminator="op")]


class Bulk(Body):
    """Changes that are made together, all or none."""

    dry_run: bool = False
    changes: Annotated[list[ChangeIn], Field(min_length=1, max_length=500)]


class ChangeOut(BaseModel):
    """One change; null is nothing before, or nothing after."""

    op: str
    user: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class BulkOut(BaseModel):
    """What was changed, or (not `applied`) what would be."""

    applied: bool
    results: list[ChangeOut]


class NewTemplate(Body):
    """A role and grants to give together, for `lasts_s` seconds (null: for good)."""

    description: Text = ""
    role: Annotated[str, StringConstraints(max_length=64)] | None = None
    lasts_s: Annotated[int, Field(ge=1, le=MAX_LIFETIME_S)] | None = None
    grants: Annotated[list[GrantBody], Field(max_length=100)] = []


class TemplateOut(NewTemplate):
    """A template."""

    name: str


class Application(Body):
    """Users (ids or names) who get what the template gives, until `until` if that is said."""

    template: Name
    users: Annotated[list[Reference], Field(min_length=1, max_length=100)]
    until: AwareDatetime | None = None
    dry_run: bool = False


class Question(Body):
    """Whether a user (id or name) may do something; without `project`: with the server."""

    user: Reference
    action: Action
    project: Annotated[str, StringConstraints(max_length=64)] | None = None
    resource: Annotated[str, StringConstraints(max_length=512)] = ""


class RuleOut(BaseModel):
    """A rule; `why` it takes part in the decision (its effect), or why not."""

    id: str
    source: str
    role_path: list[str]
    resource: str
    actions: list[str]
    effect: str
    matches: bool
    why: str


class ExplanationOut(BaseModel):
    """A decision and the rules that concern the user."""

    allowed: bool
    reason: str
    rule_id: str | None
    role_path: list[str]
    near_miss: str | None
    valid_until: datetime | None
    rules: list[RuleOut]
