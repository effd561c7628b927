"""Every guard and rule of the product, each as the change that takes it away."""

from __future__ import annotations

from tests.mutation import (
    of_accounts,
    of_arming,
    of_bluesky,
    of_checks,
    of_composing,
    of_courtesy,
    of_crm,
    of_doubts,
    of_feedback,
    of_guards,
    of_instagram,
    of_leaving,
    of_linkedin,
    of_mail_providers,
    of_mastodon,
    of_media,
    of_posts,
    of_posts_engine,
    of_sending,
    of_smtp,
    of_the_gate,
    of_the_journal,
    of_the_ledger,
    of_x,
)
from tests.mutation.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *of_the_gate.MUTANTS,
    *of_accounts.MUTANTS,
    *of_guards.MUTANTS,
    *of_courtesy.MUTANTS,
    *of_arming.MUTANTS,
    *of_crm.MUTANTS,
    *of_composing.MUTANTS,
    *of_checks.MUTANTS,
    *of_sending.MUTANTS,
    *of_smtp.MUTANTS,
    *of_mail_providers.MUTANTS,
    *of_instagram.MUTANTS,
    *of_posts.MUTANTS,
    *of_posts_engine.MUTANTS,
    *of_x.MUTANTS,
    *of_bluesky.MUTANTS,
    *of_mastodon.MUTANTS,
    *of_media.MUTANTS,
    *of_linkedin.MUTANTS,
    *of_the_journal.MUTANTS,
    *of_doubts.MUTANTS,
    *of_feedback.MUTANTS,
    *of_leaving.MUTANTS,
    *of_the_ledger.MUTANTS,
)
BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
