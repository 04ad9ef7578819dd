"""Invitations: a link that lets somebody into a project, with an account of their own or the one they have."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import timedelta

from sqlmodel import Session

from server.access import (
    AccessPolicy,
    Action,
    Client,
    Forbidden,
    InvalidPermission,
    Principal,
    RoleService,
    ServerRole,
    TokenKind,
    User,
    UserService,
    actor_of,
    new_token,
    parse_token,
    token_digest,
)
from server.accounts import store
from server.accounts.errors import InvitationNotFound
from server.accounts.model import Invitation
from server.accounts.passwords import Passwords, checked
from server.accounts.throttle import SignInThrottle
from server.kit.audit import Act, Actor
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus

LIFETIME = timedelta(days=7)
KEEP_EXPIRED = timedelta(days=30)
MEMBERS = "members"


class InvitationService:
    """Invitations by id, and by their secret token. Publishes an act when one is made, taken back or accepted."""

    def __init__(
        self,
        database: Database,
        events: EventBus,
        clock: Clock,
        *,
        users: UserService,
        roles: RoleService,
        passwords: Passwords,
        policy: AccessPolicy,
        throttle: SignInThrottle,
    ) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._users = users
        self._roles = roles
        self._passwords = passwords
        self._policy = policy
        self._throttle = throttle

    async def create(
        self, by: Principal, project_id: str, role: str, *, lifetime: timedelta, uses: int = 1, note: str = ""
    ) -> tuple[Invitation, str]:
        """A new invitation and its token, which is shown once; raises `LacksItself`, `InvalidPermission`."""
        await self._roles.require_offer(project_id, role, by=by)
        now = self._clock.now()
        text, id = new_token(TokenKind.INVITATION)
        invitation = Invitation(id, project_id, role, note, uses, by.id, now, now + lifetime)

        def work(session: Session) -> None:
            store.forget_invitations(session, now - KEEP_EXPIRED)
            store.add_invitation(session, invitation, token_digest(text))

        await self._database.write(work)
        self._publish("invitation.created", actor_of(by), invitation, {"role": role, "uses": uses})
        return invitation, text

    async def list(self, project_id: str, *, after: str = "", limit: int = 50) -> list[Invitation]:
        """Those of a project that can still be accepted, by id, those after `after`."""
        now = self._clock.now()
        return await self._database.read(lambda session: store.open_invitations(session, project_id, now, after, limit))

    async def revoke(self, by: Principal, project_id: str, id: str) -> None:
        """Takes one back; raises `InvitationNotFound` when the project has none with this id."""

        def work(session: Session) -> Invitation:
            found = store.invitation(session, id) if id.isprintable() else None
            if found is None or found[0].project_id != project_id:
                raise InvitationNotFound
            store.revoke_invitation(session, id, self._clock.now())
            return found[0]

        self._publish("invitation.revoked", actor_of(by), await self._database.write(work))

    async def find(self, token: str) -> tuple[Invitation, User]:
        """The invitation with this token, and who made it.

        Raises `InvitationNotFound`, alike for one that never was, is over, or whose maker may not invite any more.
        """
        parsed = parse_token(token)
        found = await self._database.read(lambda session: store.invitation(session, parsed[1])) if parsed else None
        if found is None or not hmac.compare_digest(found[1], token_digest(token)):
            raise InvitationNotFound
        invitation, inviter = found[0], await self._users.find(found[0].created_by)
        if (
            inviter is None
            or not invitation.is_open(self._clock.now())
            or not await self._may_invite(inviter, found[0])
        ):
            raise InvitationNotFound
        return invitation, inviter

    async def accept(self, token: str, principal: Principal) -> Invitation:
        """Makes `principal` a member, who may be one already: then nothing changes, and no use is taken.

        Raises `InvitationNotFound`, `Forbidden` for a token narrowed by scopes.
        """
        if principal.scopes is not None or principal.project_scope is not None:
            raise Forbidden("A token that is narrowed accepts no invitations; sign in.")
        invitation, inviter = await self.find(token)
        if not await self._is_member(invitation, principal):
            await self._bind(invitation, inviter, principal.id, lambda session: self._use(session, invitation))
            self._publish("invitation.accepted", actor_of(principal), invitation, {"role": invitation.role})
        return invitation

    async def accept_anew(self, token: str, name: str, password: str, client: Client) -> tuple[Invitation, User]:
        """Makes an account and its membership, together or not at all.

        Raises `InvitationNotFound`, `InvalidUser`, `NameTaken`, `PasswordRefused`, `RateLimited`.
        """
        self._throttle.attempt(client.address)
        invitation, inviter = await self.find(token)
        hash = await self._passwords.hash(checked(password, name))
        user = self._users.new(name)

        def welcome(session: Session) -> None:
            self._use(session, invitation)
            self._users.add(session, user)
            store.set_password(session, user.id, hash, self._clock.now())

        await self._bind(invitation, inviter, user.id, welcome)
        actor = Actor(user.id, user.name, user.kind, address=client.address)
        self._publish("invitation.accepted", actor, invitation, {"role": invitation.role, "new_user": True})
        return invitation, user

    def _use(self, session: Session, invitation: Invitation) -> None:
        if not store.use_invitation(session, invitation.id):
            raise InvitationNotFound

    async def _bind(
        self, invitation: Invitation, inviter: User, user_id: str, together_with: Callable[[Session], None]
    ) -> None:
        """As if the inviter gave the role now: it is refused if they could not any more."""
        try:
            await self._roles.set_role(
                invitation.project_id,
                user_id,
                invitation.role,
                by=_acting(inviter),
                together_with=together_with,
            )
        except (Forbidden, InvalidPermission):
            raise InvitationNotFound from None

    async def _is_member(self, invitation: Invitation, principal: Principal) -> bool:
        now = self._clock.now()
        bindings = (await self._roles.standing(principal.id)).bindings
        return any(bound.project_id == invitation.project_id and bound.is_live(now) for bound in bindings)

    async def _may_invite(self, inviter: User, invitation: Invitation) -> bool:
        decision = await self._policy.decide(_acting(inviter), Action.ADMIN, invitation.project_id, MEMBERS)
        return decision.allowed

    def _publish(
        self, action: str, actor: Actor, invitation: Invitation, detail: dict[str, object] | None = None
    ) -> None:
        resource = f"invitation/{invitation.id}"
        self._events.publish(Act(action, actor, invitation.project_id, resource, detail=detail or {}))


def _acting(user: User) -> Principal:
    """The user as somebody who does something now, without being here."""
    is_admin = user.server_role == ServerRole.ADMIN and user.disabled_at is None
    return Principal(user.id, user.name, user.hue, user.kind, is_admin)
