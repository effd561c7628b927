"""Shows that the benchmark of posts counts what networks have seen, and not what a sender says."""

from __future__ import annotations

from pathlib import Path

from benchmarks.safety.contestants import posts_by_naive_client, posts_by_this_project
from benchmarks.safety.social.measuring import PostScore, as_json, score
from benchmarks.safety.social.networks import NETWORKS
from benchmarks.safety.social.plans import Plan
from benchmarks.safety.social.schedule import FAULTS, FULL, KILLED_AT, PostSizes, faults_of, kill_of
from benchmarks.safety.social.stage import Played, PostSender

SIZES = PostSizes(plans=1, posts=8, kill_every=1)


def played(texts: dict[int, int], said: dict[int, str], posts: int = 3) -> Played:
    """texts: how often the network has the post of this number."""
    plan = Plan("x-000", "x", posts, "2026-11-02T08:00:00+00:00", "", "")
    there = [plan.text(number) for number, times in texts.items() for _ in range(times)]
    return Played(plan, there, said, was_killed=True, misshapen=[])


def test_what_the_network_has_is_compared_with_what_the_sender_says() -> None:
    twice = played({1: 2, 2: 1, 3: 3}, {1: "sent", 2: "failed", 3: "doubt"})
    missing = played({1: 1}, {1: "open", 2: "sent", 3: "failed"})

    assert score([twice]) == PostScore(posts=3, duplicates=3, false_failed=1, doubts=1, kills=1)
    assert score([missing]) == PostScore(posts=3, lost=1, false_failed=1, not_sent=1, kills=1)
    assert score([twice, missing]).posts == 6


def test_a_post_of_which_the_sender_says_nothing_and_that_is_not_there_is_lost() -> None:
    assert score([played({}, {1: "skipped", 2: "doubt"})]).lost == 2


def test_the_result_is_told_for_10000_posts_of_each_network() -> None:
    counted = PostScore(posts=320, duplicates=4, lost=1, false_failed=2, doubts=8)
    told = as_json({"social": dict.fromkeys(NETWORKS, counted)})["social"]

    assert list(told) == list(NETWORKS)
    x = told["x"]
    assert (x["class"], x["posts"]) == ("B", 320)
    assert x["duplicates_per_10000"] == 125.0
    assert x["lost_per_10000"] == 31.2
    assert x["false_failed_per_10000"] == 62.5
    assert x["doubts_per_10000"] == 250.0
    assert told["linkedin_member"]["class"] == "C"


def test_every_network_meets_every_fault_and_every_kill() -> None:
    for at in range(len(NETWORKS)):
        places = range(at, at + FULL.plans)
        met = [fault for each in places for fault in faults_of(each, FULL.posts).values()]
        kills = [kill_of(each, FULL) for each in places]
        assert all(fault in met for fault in FAULTS)
        assert {each[1] for each in kills if each} == set(KILLED_AT)


def test_a_plain_client_posts_twice_what_this_project_posts_once(tmp_path: Path) -> None:
    modules = {"naive": posts_by_naive_client, "ours": posts_by_this_project}
    found = {
        name: PostSender(module.__name__, tmp_path / name).play(["mastodon_other"], SIZES)
        for name, module in modules.items()
    }

    naive, ours = score(found["naive"]), score(found["ours"])
    assert naive.duplicates > 0
    assert ours == PostScore(posts=SIZES.posts, kills=1)
    assert [each.misshapen for each in (*found["naive"], *found["ours"])] == [[], []]
