"""Taking away what keeps log-ins secret, renewed once, and each client's posts on its own account."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_TOKENS = "unit/test_account_tokens.py::"
_LOGINS = "unit/test_logins.py::"
_CHECKS = "unit/test_account_checking.py::"
_BLOCKS = "unit/test_account_blocks.py::"
_CRMS = "unit/test_crm_accounts.py::"
_CLI = "command_line/test_cli_accounts.py::"


def _of(file: str, name: str, prevents: str, text: str, instead: str, *tests: str) -> Mutant:
    return Mutant(f"account: {name}", prevents, f"aicmo/{file}", text, instead, tests)


SECRETS = (
    _of(
        "execution/account_tokens.py",
        "a run keeps to its log-in",
        "another run's block makes a post go out as another client",
        "row = session.get(AccountSecret, place, with_for_update=locked)",
        "row = proven(session, self._account_id)",
        _TOKENS
        + "test_a_run_does_not_go_on_with_a_log_in_that_was_put_in_place_of_its_own[sqlite_url]",
    ),
    _of(
        "sealing.py",
        "a log-in opens in its own row only",
        "a log-in is used for another client's account",
        "decrypt(nonce, text, place.encode())",
        "decrypt(nonce, text, b'account 1')",
        "unit/test_sealing.py::test_it_opens_in_no_other_row",
    ),
    _of(
        "gateways/login.py",
        "api_url is loopback",
        "a credentials file sends the tokens to somebody else",
        'if url and not is_loopback(urlsplit(url).hostname or ""):',
        "if False:",
        _LOGINS + "test_a_log_in_goes_to_no_other_host",
    ),
    _of(
        "gateways/oauth_tokens.py",
        "a network's words stay with it",
        "what a network says of a refused log-in is shown, with what it repeats",
        'raise needs_a_person(code, "")',
        "raise needs_a_person(code, str(content))",
        "security/test_account_secrets.py::test_using_an_account_shows_no_secret",
    ),
)
CONSENT = (
    _of(
        "gateways/oauth.py",
        "state",
        "somebody slips in the answer to another log-in",
        "if not hmac.compare_digest(state.encode(), self.state.encode()):",
        "if False:",
        _LOGINS + "test_only_its_own_answer_counts",
    ),
    _of(
        "gateways/login_identity.py",
        "handle and identity name each other",
        "an app password goes to a server that isn't the account's",
        'if f"at://{name}" not in _texts(document.get("alsoKnownAs")):',
        "if False:",
        _LOGINS + "test_an_identity_that_doesnt_vouch_is_refused",
    ),
)
RENEWAL = (
    _of(
        "execution/account_tokens.py",
        "one refresh for all workers",
        "the second worker spends the first one's new token",
        "if not self._is_due(session, row, login, now):  # another worker was here first",
        "if False:",
        _TOKENS + "test_workers_at_once_refresh_once",
    ),
    _of(
        "execution/account_tokens.py",
        "one refresh after a refusal",
        "a token that was taken back early is used until its end",
        "(was_refused and self._network.renews(login))",
        "False",
        _TOKENS + "test_after_a_refusal_the_token_is_refreshed_once",
    ),
    _of(
        "gateways/login_x.py",
        "a lost answer ends a single-use token",
        "a token that may be spent is tried again and again",
        'raise needs_a_person("", "the answer to a refresh was lost; its token works once") from None',
        "raise lost() from None",
        _TOKENS + "test_a_lost_answer_about_a_single_use_token_asks_for_a_person",
    ),
    _of(
        "execution/account_tokens.py",
        "what needs a person waits for one",
        "a refused log-in is used again",
        "        if row.needs_login:\n",
        "        if False:\n",
        _TOKENS + "test_a_lost_answer_about_a_single_use_token_asks_for_a_person",
    ),
    _of(
        "execution/accounts.py",
        "a block's renewed tokens are kept",
        "every run begins with the block's first token, which works once",
        "        if row is None:\n            now",
        "        if True:\n            now",
        _BLOCKS + "test_a_block_is_taken_once_and_again_when_it_has_changed",
    ),
)
PINNING = (
    _of(
        "execution/account_pinning.py", "nothing is pinned over another account",
        "a client's posts go out as another client's account",
        'if account is None or account.identity == "" or _is_same(account, pin) or replace:',
        "if True:", _CHECKS + "test_nothing_is_pinned_over_another_account",
    ),
    _of(
        "execution/account_checking.py", "another account is paused",
        "a check finds the wrong account and lets it be used",
        "if live.identity != pinned.identity:", "if False:",
        _CLI + "test_check_pauses_an_account_that_is_another_one_now",
    ),
)  # fmt: skip
BLOCKS = (
    _of(
        "execution/accounts.py", "a block is the pinned account's",
        "another client's block takes the place of the log-in in use",
        "if live.identity != account.identity:", "if False:",
        _BLOCKS + "test_the_block_of_another_client_changes_nothing",
    ),
    _of(
        "execution/accounts.py", "a block is of the same CRM",
        "one CRM's secret is shown to another", "if account.provider != provider:", "if False:",
        _CRMS + "test_a_block_of_another_crm_is_never_opened",
    ),
)  # fmt: skip
CRMS = (
    _of(
        "execution/accounts.py", "the document's CRM is the account's",
        "what was written for one CRM is sent to another",
        "if planned and planned != account.provider:", "if False:",
        _CRMS + "test_a_document_for_another_crm_opens_none",
    ),
    _of(
        "execution/account_pinning.py", "a CRM is read as the account that is changed",
        "another client's contacts are read",
        "    if not _is_same(account, pin):\n        raise", "    if False:\n        raise",
        _CRMS + "test_what_was_read_of_a_former_crm_is_forgotten",
    ),
    _of(
        "gateways/login_salesforce.py", "a token stays at its org",
        "a token is shown to a host that nobody named", "if told != login.server:", "if False:",
        _TOKENS + "test_an_org_at_another_address_gets_no_token_and_asks_for_a_person",
    ),
    _of(
        "gateways/login_salesforce.py", "an app's secret goes to Salesforce alone",
        "a wrong --server gets the app's secret",
        ' or not parts.netloc.endswith(".my.salesforce.com")', "",
        "command_line/test_cli_crm_accounts.py::"
        "test_salesforce_is_logged_in_to_by_an_app_and_only_at_its_own_org",
    ),
)  # fmt: skip

MUTANTS = (*SECRETS, *CONSENT, *RENEWAL, *PINNING, *BLOCKS, *CRMS)
