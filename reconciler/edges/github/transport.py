"""What GitHub is asked over: its address, its token, and the version of its API."""

from __future__ import annotations

from reconciler.edges.github.limits import FORGE_ANSWER_S_MAX, FORGE_WHOLE_ANSWER_S_MAX
from reconciler.edges.http import Authorization, Http, Reply, Request, is_guarded
from reconciler.edges.secrets import SECRETS
from reconciler.errors import InvalidInput, Problem

API_VERSION = "2022-11-28"


class Transport:
    def __init__(self, *, api_url: str, token: str) -> None:
        if not is_guarded(api_url):
            raise _insecure()
        SECRETS.add(token)
        self._api_url = api_url.rstrip("/")
        self._http = Http(
            authorization=Authorization(f"Bearer {token}"),
            headers={
                "Accept": "application/vnd.github+json",
                "Content-Type": "application/json",
                "User-Agent": "reconciler",
                "X-GitHub-Api-Version": API_VERSION,
            },
            wait_s_max=FORGE_ANSWER_S_MAX,
            answer_s_max=FORGE_WHOLE_ANSWER_S_MAX,
        )

    def exchange(self, request: Request) -> Reply:
        """Raises NoReply, or TooLarge for an answer of more than its `bytes_max`."""
        return self._http.exchange(self._url(request.path), request)

    def _url(self, path: str) -> str:
        """GraphQL is beside the REST API of an enterprise's server, and below GitHub's own."""
        if path == "/graphql":
            return self._api_url.removesuffix("/v3") + path
        return self._api_url + path


def _insecure() -> InvalidInput:
    return InvalidInput(
        Problem(
            code="forge-address-insecure",
            message="GITHUB_API_URL does not begin with https://: the token would be readable",
            recovery="set it to the https address of the forge's API",
        )
    )
