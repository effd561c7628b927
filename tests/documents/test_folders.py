"""A finished folder stays for its readers, whoever else builds the same; a damaged one is replaced."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aicmo.packaging.folders import LOCK, fresh_folder

FILES = [f"part-{number}" for number in range(20)]


def is_complete(place: Path) -> bool:
    return all((place / name).is_file() for name in FILES)


def build(place: Path) -> None:
    with fresh_folder(place, is_complete) as folder:
        for name in FILES:
            (folder / name).write_text("whole")


def beside(place: Path) -> set[str]:
    return {each.name for each in place.parent.iterdir()} - {place.name, LOCK}


def test_a_second_build_leaves_the_folder_that_the_first_finished(tmp_path: Path) -> None:
    place = tmp_path / "v1"
    with fresh_folder(place, is_complete) as folder:
        (folder / FILES[0]).write_text("second")
        build(place)
        first = place.stat().st_ino

    assert place.stat().st_ino == first
    assert {(place / name).read_text() for name in FILES} == {"whole"}
    assert beside(place) == set()


def test_no_reader_misses_a_finished_folder_while_others_build_it(tmp_path: Path) -> None:
    place, ended = tmp_path / "v1", threading.Event()
    build(place)

    def read() -> int:
        missed = 0
        while not ended.is_set():
            missed += not is_complete(place)
        return missed

    with ThreadPoolExecutor() as pool:
        reader = pool.submit(read)
        try:
            list(pool.map(build, [place] * 100))
        finally:
            ended.set()

    assert reader.result() == 0
    assert beside(place) == set()


def test_builders_who_meet_over_a_damaged_folder_all_find_a_whole_one(tmp_path: Path) -> None:
    def build_and_look(place: Path) -> bool:
        build(place)
        return is_complete(place)

    for number in range(20):
        place = tmp_path / f"v{number}"
        place.mkdir()
        (place / FILES[0]).write_text("damaged")
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(build_and_look, [place] * 4))
        assert (place / FILES[0]).read_text() == "whole"


def test_a_build_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "v1"
    build(place)

    with pytest.raises(RuntimeError), fresh_folder(place, is_complete):
        raise RuntimeError("no ink")

    assert is_complete(place)
    assert beside(place) == set()
