"""JSON of the audit routes, and the filters in their URLs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import AwareDatetime, BaseModel, StringConstraints

from server.activity.chain import Report
from server.activity.model import Entry, Filter
from server.kit.audit import Outcome

PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"
Word = Annotated[str, StringConstraints(max_length=200, pattern=PRINTABLE)]


def asked_for(
    actor: Annotated[Word, Query(description="Who acted: an id or a name.")] = "",
    action: Annotated[Word, Query(description="An action, its beginning, or its first word: `token`.")] = "",
    outcome: Annotated[Outcome | None, Query(description="How it ended.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Not before this time.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before this time.")] = None,
    q: Annotated[Word, Query(description="Stands in the name, address, action, resource or detail.")] = "",
) -> Filter:
    """The FastAPI dependency: which acts of whatever chain are asked for; what is empty asks for all."""
    return Filter(actor=actor or None, action=action or None, outcome=outcome, since=since, until=until, text=q or None)


Asked = Annotated[Filter, Depends(asked_for)]
InProject = Annotated[
    Word, Query(description="A project's slug or, also of a deleted one, its id; `-` for the server alone.")
]


class ActorOut(BaseModel):
    """Who acted, by the name they had then."""

    id: str
    name: str
    kind: str


class EntryOut(BaseModel):
    """One act; `hash` covers all of it and the hash of the act before it in its chain."""

    project_id: str
    seq: int
    at: datetime
    actor: ActorOut
    token_id: str
    address: str
    action: str
    resource: str
    outcome: str
    detail: dict[str, Any]
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> EntryOut:
        note = entry.note
        return cls(
            project_id=note.chain,
            seq=entry.seq,
            at=note.at,
            actor=ActorOut(id=note.actor_id, name=note.actor_name, kind=note.actor_kind),
            token_id=note.token_id,
            address=note.address,
            action=note.action,
            resource=note.resource,
            outcome=note.outcome,
            detail=json.loads(note.detail),
            hash=entry.hash,
        )


class FaultOut(BaseModel):
    """What is wrong, and at which act of which chain; "" is the server's."""

    project_id: str
    seq: int
    fault: str


class VerificationOut(BaseModel):
    """Whether every chain is whole."""

    chains: int
    ok: bool
    faults: list[FaultOut]

    @classmethod
    def of(cls, reports: list[Report]) -> VerificationOut:
        faults = [
            FaultOut(project_id=report.chain, seq=fault.seq, fault=fault.text)
            for report in reports
            for fault in report.faults
        ]
        return cls(chains=len(reports), ok=not faults, faults=faults)
