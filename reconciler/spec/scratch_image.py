"""`scratch: {image: …}`: a server to try definitions on that a container runtime starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScratchImage:
    """`reference` as Docker and Podman take it, such as `mysql:8.4@sha256:…`; never a variable."""

    reference: str

    @property
    def is_pinned(self) -> bool:
        """Whether it names one content, and not a tag that can be moved to another."""
        return "@" in self.reference


def image_of(value: object) -> ScratchImage | None:
    """None: a sound `scratch` that is something else."""
    return ScratchImage(value["image"]) if isinstance(value, dict) and "image" in value else None
