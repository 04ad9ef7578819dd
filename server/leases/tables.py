"""Tables of leases: what has to survive a store that forgets. Rows never leave the store."""

from sqlmodel import BigInteger, Field, SQLModel


class EpochRow(SQLModel, table=True):
    """The last epoch of a project's leases."""

    __tablename__ = "lease_epoch"

    project_id: str = Field(primary_key=True)
    epoch: int


class OwnerRow(SQLModel, table=True):
    """The one row that says who gives out leases: a node's id, or "" for the store that nodes share."""

    __tablename__ = "lease_owner"

    id: int = Field(primary_key=True)
    node: str
    term: int = Field(sa_type=BigInteger)
