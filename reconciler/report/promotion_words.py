"""Which check of `promote_if` keeps a wave from beginning, and what to do: in words."""

from __future__ import annotations

from typing import assert_never

from reconciler.ledger.promotions import (
    PromotionAwaited,
    PromotionFailed,
    PromotionReason,
    PromotionUnmeasured,
)


def promotion_words(reason: PromotionReason) -> str:
    match reason:
        case PromotionAwaited(wave, check):
            return f"wave {wave} begins once {check!r} of promote_if holds on the shards before it"
        case PromotionUnmeasured(wave, check, because):
            return (
                f"wave {wave} waits: {check!r} of promote_if could not be measured{_where(reason)}:"
                f" {because}; see that it can be, or have a change of the spec reviewed"
            )
        case PromotionFailed(wave, check):
            return (
                f"wave {wave} does not begin: {check!r} of promote_if is not within what the spec"
                f" expects{_where(reason)}; a release, or the next `reconciler apply`, has it asked"
                " anew"
            )
        case _:
            assert_never(reason)


def _where(reason: PromotionUnmeasured | PromotionFailed) -> str:
    more = f" and {reason.more} more" if reason.more else ""
    return f" on shard {reason.shard}{more}" if reason.shard else ""
