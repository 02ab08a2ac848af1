"""What git's files say of views, read back from a server beside the tables they are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.ddl.definition.view_file import ViewFile
from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.programs.accounts import read_account
from reconciler.ddl.programs.view import read_view, text_of_view, view_fingerprint, view_text
from reconciler.diff.session import StatementSession
from reconciler.errors import Location, Problem, ReconcilerError
from reconciler.model.policy import Policy
from reconciler.model.programs import CreatedWith, ManagedKind, Security, View
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerError, ServerSettings
from reconciler.observe.shards import ReadView
from reconciler.ports.scratch import Scratch, ScratchDatabase


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewsReadBack:
    """By name, each on one of both sides."""

    views: Mapping[str, ReadView]
    problems: Mapping[str, Problem]


def read_views_back(
    database: ScratchDatabase,
    files: Sequence[ViewFile],
    settings: ServerSettings,
    policy: Policy,
) -> ViewsReadBack:
    """Make the views behind their tables: again and again, as long as one more can be made, for a
    view may stand on another."""
    refused = _made(database, files)
    problems = {
        file.name: _rejected(file, refused[file.name], settings)
        for file in files
        if file.name in refused
    }
    shown = database.views() if files else {}
    views: dict[str, ReadView] = {}
    for file in files:
        if file.name in problems:
            continue
        found = _as_shown(file, shown.get(file.name), settings, policy)
        if isinstance(found, Problem):
            problems[file.name] = found
        else:
            views[file.name] = found
    return ViewsReadBack(views=views, problems=problems)


_PROBE = ViewFile(
    path="",
    name="reconciler_probe",
    algorithm="UNDEFINED",
    security=Security.INVOKER,
    rest="`reconciler_probe` AS select 1 AS `one`",
    first_line=1,
    rest_line=1,
)


def usually_created_with(scratch: Scratch, settings: ServerSettings) -> CreatedWith | None:
    """What a server of these settings keeps of a session that says nothing of it."""
    with scratch.database(settings) as database:
        database.execute(_PROBE.statement)
        shown = database.views([_PROBE.name]).get(_PROBE.name)
    return shown.created_with if shown is not None else None


def _made(database: ScratchDatabase, files: Sequence[ViewFile]) -> dict[str, ServerError]:
    """What the server says of those that cannot be made."""
    left = list(files)
    while left:
        answers = {file.name: _make(database, file) for file in left}
        refused = {name: error for name, error in answers.items() if error is not None}
        if len(refused) == len(left):
            return refused
        left = [file for file in left if file.name in refused]
    return {}


def _make(database: ScratchDatabase, file: ViewFile) -> ServerError | None:
    return database.execute(file.statement, StatementSession(created_with=file.created_with))


def _as_shown(
    file: ViewFile, shown: OtherObject | None, settings: ServerSettings, policy: Policy
) -> ReadView | Problem:
    if shown is None:  # lower_case_table_names folds what the file spells otherwise
        return _renamed_by_server(file, settings)
    if gone := _not_shown_again(file, shown.definition):
        return _lost_characters(file, gone, settings)
    try:
        read = read_view(text_of_view(shown), file.name)
    except ReconcilerError as unread:
        return replace(unread.problems[0], where=Location(path=file.path, line=file.first_line))
    view = _with_rights(read, file, policy)
    return ReadView(text=view_text(view), view=view, fingerprint=view_fingerprint(view))


def _with_rights(view: View, file: ViewFile, policy: Policy) -> View:
    account = read_account(policy.definer_of(ManagedKind.VIEWS) or "")
    is_definers = file.security is Security.DEFINER and account is not None
    return replace(
        view,
        security=file.security,
        definer=account.digest if is_definers and account else None,
        created_with=file.created_with or view.created_with,
    )


def _rejected(file: ViewFile, error: ServerError, settings: ServerSettings) -> Problem:
    told = re.search(r" at line (\d+)$", error.message)
    line = file.rest_line + int(told[1]) - 1 if told else file.first_line
    return Problem(
        code="definition-rejected",
        message=f"view {file.name}: {settings.version} rejects the definition: {error}",
        recovery="fix the definition; the server's answer says what it does not accept. A view can"
        " use tables and views of this keyspace's files, and no stored functions",
        where=Location(path=file.path, line=line),
    )


def _renamed_by_server(file: ViewFile, settings: ServerSettings) -> Problem:
    folding = settings.variable("lower_case_table_names")
    return Problem(
        code="table-name-folded",
        message=f"view {file.name}: the shards' servers store this name in another case"
        f" (lower_case_table_names={folding})",
        recovery="write the view's name in lower case, as the shards store it",
        where=Location(path=file.path),
    )


def _not_shown_again(file: ViewFile, text: str) -> str:
    written = {
        character
        for token in tokenize(file.rest)
        if token.kind is not TokenKind.COMMENT
        for character in token.text
        if not character.isascii()
    }
    return "".join(sorted(written - set(text) - set(text.lower()) - set(text.upper())))


def _lost_characters(file: ViewFile, gone: str, settings: ServerSettings) -> Problem:
    return Problem(
        code="definition-character-lost",
        message=f"view {file.name}: {settings.version} takes {gone!r} where it stands but does"
        " not show it again, so no later change of it would ever be seen",
        recovery="write the view without that character",
        where=Location(path=file.path, line=file.first_line),
    )
