"""What can go wrong with files."""

from __future__ import annotations

from collections.abc import Sequence

from server.access import Forbidden
from server.kit.errors import BadRequest, Conflict, Invalid, NotFound, TooLarge


class FileNotFound(NotFound):
    """There is no such file or folder."""

    code = "files.not_found"


class InvalidPath(Invalid):
    """The path cannot name a file."""

    code = "files.invalid_path"


class PathTaken(Conflict):
    """A file or folder with this path exists already."""

    code = "files.path_taken"

    def __init__(self, paths: Sequence[str]) -> None:
        shown = ", ".join(repr(path) for path in paths[:5]) + (", …" if len(paths) > 5 else "")
        super().__init__(f"{shown} exists already; choose another path, or move or delete what is there.")
        self.members = {"paths": list(paths[:50])}


class MoveIntoItself(Invalid):
    """A folder cannot be moved into itself."""

    code = "files.move_into_itself"


class IsFolder(Conflict):
    """The path names a folder; only a file has content."""

    code = "files.is_folder"


class PreconditionRequired(BadRequest):
    """A write says which version it replaces."""

    code = "files.precondition_required"
    http_status = 428


class InvalidPrecondition(BadRequest):
    """The precondition is not one that this server understands."""

    code = "files.invalid_precondition"


class InvalidRange(BadRequest):
    """The range is not one that this server understands."""

    code = "files.invalid_range"


class RangeNotSatisfiable(BadRequest):
    """The file has nothing in this range."""

    code = "files.range_not_satisfiable"
    http_status = 416

    def __init__(self, content_range: str) -> None:
        """`content_range` says how long the file is (RFC 9110, section 15.5.17)."""
        super().__init__()
        self.headers = {"Content-Range": content_range}


class VersionMismatch(Conflict):
    """The file has changed since the version that this write is based on."""

    code = "files.version_mismatch"

    def __init__(self, *, base: str | None, ours: str | None, theirs: str | None) -> None:
        """Version hashes: `base` as the client sent it, `ours` now on the server, `theirs` of the refused content."""
        what = "does not exist" if ours is None else "exists" if base is None else "has changed meanwhile"
        super().__init__(f"The file {what}; get it again and repeat the change on its current version.")
        hashes = {"base": base, "ours": ours, "theirs": theirs}
        self.members = {name: version and f"sha256:{version}" for name, version in hashes.items()}


class InvalidName(Invalid):
    """This cannot be the name of a document."""

    code = "document.invalid_name"


class NoText(Invalid):
    """The document has no text named `content`."""

    code = "document.no_text"


class ServerOwned(Forbidden):
    """The server keeps this document; it goes with its project."""

    code = "document.server_owned"


class NotExportable(Invalid):
    """The document cannot be shown as JSON; ask for ?format=update."""

    code = "document.not_exportable"


class ArchiveRefused(Invalid):
    """The archive cannot be imported."""

    code = "archive.refused"


class ArchiveTooLarge(TooLarge):
    """The archive holds more than this server imports."""

    code = "archive.too_large"
