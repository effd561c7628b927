"""Taking away what makes Instagram publish a post at most once, and no other client's."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_GATEWAY = "contract/test_instagram_gateway.py::"
_EVERY = _GATEWAY + "TestInstagramGateway::"
_MODES = _EVERY + "test_one_call_is_one_transmission_and_an_honest_outcome"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        return Mutant(name, prevents, f"aicmo/{file}", text, instead, tests, **more)

    return of


_instagram = _in("gateways/instagram.py")
_errors = _in("gateways/instagram_errors.py")
_graph = _in("gateways/instagram_graph.py")
_media = _in("gateways/instagram_media.py")
_staging = _in("gateways/instagram_staging.py")
_store = _in("execution/public_media.py")

MUTANTS = (
    _errors(
        "instagram: an error at publishing proves nothing",
        "a post that is live despite the error is made again",
        "        return Outcome(OutcomeKind.UNKNOWN, code=_code(answer))\n",
        "        return refused(answer, now)\n",
        _MODES,
    ),
    _errors(
        "instagram: a limit at publishing proves nothing",
        "a post that is live despite the limit is made again",
        "    return Outcome(OutcomeKind.UNKNOWN, code=_code(answer), not_before=until, scope=Scope.RUN)",
        "    return Outcome(\n        OutcomeKind.REFUSED_FOR_NOW, not_before=until, scope=Scope.RUN\n    )",
        _MODES,
    ),
    _errors(
        "instagram: a server's failure is no refusal", "a post that is live counts as refused",
        "    if answer.status >= _FIRST_5XX:\n        return None\n", "",
        _MODES,
    ),
    _errors(
        "instagram: the account waits as long as named", "a limited account is asked on and on",
        "    return min(timedelta(minutes=longest), _DAY) if longest > 0 else _HOUR",
        "    return _SHORT",
        _EVERY + "test_a_limit_lets_the_whole_account_wait_as_long_as_the_network_says",
    ),
    _staging(
        "instagram: a published container is the end", "one post is published twice",
        '            if state == PUBLISHED:\n                self._values["published"] = True\n'
        "                return\n",
        "",
        _GATEWAY + "test_a_container_that_was_published_is_never_followed_by_another",
    ),
    _instagram(
        "instagram: nothing is asked of a published container", "one post is published twice",
        '        if outgoing.staged.get("published"):', '        if outgoing.staged.get("no"):',
        _GATEWAY + "test_a_container_that_was_published_is_never_followed_by_another",
    ),
    _staging(
        "instagram: a changed post has its own container", "the text before the change goes out",
        '        if self._values.get("made_from") != made_from:\n            self._values.clear()\n',
        '        if self._values.get("made_from") != made_from:\n',
        _GATEWAY + "test_a_post_that_was_changed_gets_a_container_of_its_own",
    ),
    _staging(
        "instagram: one container as long as it lives", "a lost answer makes a second post",
        '        if "container" not in self._values:\n', "        if self._values:\n",
        "unit/test_instagram_runs.py::test_a_post_that_never_was_goes_out_by_the_same_container",
    ),
    _staging(
        "instagram: the quota is read first", "posts run into the daily limit one by one",
        "        if used >= total:\n", "        if used > total:\n",
        _GATEWAY + "test_a_full_day_makes_the_account_wait_before_anything_is_made",
    ),
    _staging(
        "instagram: a container is waited for", "a film is published before it is ready",
        "            if state in (FINISHED, PUBLISHED):\n", "            if state not in _STALE:\n",
        _GATEWAY + "test_a_film_that_takes_long_comes_back_with_the_same_container",
    ),
    _graph(
        "instagram: a state nobody knows proves nothing", "a new word of Meta's makes a second post",
        "        if state not in _STATES:\n            raise self._not_understood()\n", "",
        _GATEWAY + "test_the_container_decides",
    ),
    _instagram(
        "instagram: what is worked on may come out yet", "a post that comes out late is made again",
        "            if state == WORKING:\n"
        '                return Reading(Found.CANNOT_TELL, detail="Instagram still works on it")\n',
        "",
        _GATEWAY + "test_the_container_decides",
    ),
    _instagram(
        "instagram: a container that is gone proves nothing", "a post that is live is made again",
        "            if state not in (PUBLISHED, GONE):\n", "            if state != PUBLISHED:\n",
        _GATEWAY + "test_a_container_that_is_gone_proves_nothing_but_the_post_does",
    ),
    _media(
        "instagram: never by its place in the list", "another post is shown, or recalled, as ours",
        "    if len(found) != 1:\n", "    if not found:\n",
        _GATEWAY + "test_two_posts_that_could_be_it_leave_the_reference_open",
    ),
    _media(
        "instagram: by its caption", "another post is shown, or recalled, as ours",
        '    return is_ours and at >= since and media.get("id") not in taken',
        '    return at >= since and media.get("id") not in taken',
        _GATEWAY + "test_a_published_post_is_found_by_caption_and_time_never_as_the_first",
    ),
    _media(
        "instagram: by its time", "last year's post is shown as this one",
        '    return is_ours and at >= since and media.get("id") not in taken',
        '    return is_ours and media.get("id") not in taken',
        _GATEWAY + "test_a_published_post_is_found_by_caption_and_time_never_as_the_first",
    ),
    _store(
        "instagram: a link ends", "a client's media can be opened for a week by whoever has the link",
        "LINK_SECONDS = 3600\n", "LINK_SECONDS = 604800\n",
        "contract/test_instagram_media.py",
    ),
    _store(
        "instagram: a folder is no public place", "Instagram is sent an address of this machine",
        "    if not store.serves_links:\n", "    if store is None:\n",
        "contract/test_instagram_media.py",
    ),
)  # fmt: skip
