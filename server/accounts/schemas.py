"""Bodies of requests and answers about accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from server.access import Action, Kind
from server.accounts.passwords import MAX_LENGTH

PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"
MAX_LIFETIME_S = 10 * 365 * 24 * 3600
MAX_INVITATION_S = 90 * 24 * 3600

UserName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=PRINTABLE)]
TypedName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=256)]
KeyName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=PRINTABLE)]
RoleName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=PRINTABLE)]
Password = Annotated[SecretStr, Field(max_length=MAX_LENGTH)]


class Body(BaseModel):
    """A request's body: a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class ByToken(Body):
    """A login link's token, a personal or agent token, or the administrator's."""

    token: str


class ByPassword(Body):
    """A user's name, and their password."""

    user: TypedName
    password: Password


class UserOut(BaseModel):
    """A user or principal as others see it."""

    id: str
    name: str
    hue: int = Field(ge=0, le=11)
    kind: Kind


class SessionOut(BaseModel):
    """Who is signed in; `anonymous` when nobody is, and visitors are allowed.

    `signed_in_at` is when they proved who they are; null for a key, and for a web session made with one.
    """

    user: UserOut
    is_admin: bool
    anonymous: bool
    signed_in_at: datetime | None
    has_password: bool


class ProviderOut(BaseModel):
    """An identity provider; `url` is where the browser goes."""

    name: str
    url: str


class SignInWays(BaseModel):
    """How one signs in here; `password` is false until somebody has one."""

    password: bool
    oidc: list[ProviderOut]
    anonymous: bool


class NewLink(Body):
    """`next` is the path of this server to go on to."""

    next: Annotated[str, Field(max_length=2000)] = "/"


class LinkOut(BaseModel):
    """Where the browser goes."""

    url: str


class NewPassword(Body):
    """`current` is needed by whoever has one."""

    current: Password | None = None
    new: Password


class UserDetail(UserOut):
    """A user as administrators see them; the built-in one has no time of creation."""

    server_role: str | None
    disabled: bool
    created_at: datetime | None
    last_seen_at: datetime | None
    has_password: bool


class NewUser(Body):
    """People may have a password; agents and workers get keys."""

    name: UserName
    kind: Literal["person", "agent", "worker"] = "person"
    password: Password | None = None
    server_role: RoleName | None = None


class UserChange(Body):
    """What is left out stays as it is; a `server_role` of null takes the role away."""

    name: UserName | None = None
    disabled: bool | None = None
    server_role: RoleName | None = None
    password: Password | None = None


class NewKey(Body):
    """`scopes` narrow what the user's roles allow. Without `expires_in_s`: until revoked."""

    name: KeyName
    expires_in_s: Annotated[int, Field(ge=1, le=MAX_LIFETIME_S)] | None = None
    scopes: Annotated[list[Action], Field(min_length=1)] | None = None


class KeyOut(BaseModel):
    """A new key; `token` is shown this once."""

    id: str
    token: str


class NewInvitation(Body):
    """A week, and once, unless said otherwise."""

    role: RoleName
    expires_in_s: Annotated[int, Field(ge=60, le=MAX_INVITATION_S)] = 7 * 24 * 3600
    uses: Annotated[int, Field(ge=1, le=1000)] = 1
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=PRINTABLE)] = ""


class InvitationOut(BaseModel):
    """An invitation without its token."""

    id: str
    role: str
    uses_left: int
    expires_at: datetime
    note: str
    created_by: UserOut
    created_at: datetime


class IssuedInvitation(InvitationOut):
    """A new invitation; `token`, and the `url` with it, are shown this once."""

    token: str
    url: str


class ProjectName(BaseModel):
    """A project's address and name."""

    slug: str
    name: str


class Inviter(BaseModel):
    """Who invites."""

    name: str
    hue: int = Field(ge=0, le=11)


class OfferOut(BaseModel):
    """What somebody is invited to."""

    project: ProjectName
    inviter: Inviter
    role: str
    expires_at: datetime
    note: str


class Acceptance(Body):
    """Both for whoever has no account here yet; neither for whoever is signed in."""

    name: UserName | None = None
    password: Password | None = None


class AcceptedOut(BaseModel):
    """Where the invitation has led."""

    project: ProjectName
    role: str
