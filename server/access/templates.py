"""Templates: a role and grants that are given together. They are copied: changing one changes nothing given before."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from server.access.permission import Permission


@dataclass(frozen=True, slots=True)
class Template:
    """What is given: a role (if any) and grants, whose resources are relative to the project, for `lasts`."""

    name: str
    description: str
    role: str | None = None
    lasts: timedelta | None = None
    grants: tuple[Permission, ...] = ()

    def ends(self, now: datetime, until: datetime | None) -> datetime | None:
        """When what is given now ends: at `until` if that is said, else after the template's time."""
        return until or (now + self.lasts if self.lasts else None)

    def grants_until(self, until: datetime | None) -> list[Permission]:
        """The grants as they are given."""
        return [replace(grant, expires=until) for grant in self.grants]


def dump_template(template: Template) -> str:
    """A template as it is stored, but for its name."""
    return json.dumps(
        {
            "description": template.description,
            "role": template.role,
            "lasts_s": template.lasts and int(template.lasts.total_seconds()),
            "grants": [
                {
                    "resource": grant.resource,
                    "actions": sorted(grant.actions),
                    "effect": grant.effect,
                    "conditions": grant.conditions,
                }
                for grant in template.grants
            ],
        }
    )


def load_template(name: str, content: str) -> Template:
    """A template as it was stored."""
    stored = json.loads(content)
    grants = (
        Permission("", item["resource"], frozenset(item["actions"]), item["effect"], tuple(item["conditions"]))
        for item in stored["grants"]
    )
    lasts = timedelta(seconds=stored["lasts_s"]) if stored["lasts_s"] else None
    return Template(name, stored["description"], stored["role"], lasts, tuple(grants))
