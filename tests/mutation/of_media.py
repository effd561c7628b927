"""Taking away what keeps media honest: whence they are fetched, what they tell, which bytes are approved."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_HOSTS = "aicmo/public_hosts.py"
_FETCHING = "unit/test_public_hosts.py::"
_MEDIA = "unit/test_post_media.py::"
_IMPORT = "unit/test_post_media_import.py::"
_SILENT = _MEDIA + "test_a_picture_tells_nothing_of_its_making_and_keeps_each_pixel"

MUTANTS = (
    Mutant(
        "media: inner addresses are refused", "a plan's text reads the machine's own network",
        _HOSTS, "            if not self._allow(address):\n", "            if not address:\n",
        (_FETCHING + "test_a_name_with_an_inner_address_is_refused_unconnected",),
    ),
    Mutant(
        "media: the checked address is connected to", "a name that answers otherwise reaches inside",
        _HOSTS, "addresses = self.addresses(host, port)",
        "addresses = self.addresses(host, port) and [*self._resolve(host, port)]",
        (_FETCHING + "test_a_name_that_answers_otherwise_the_second_time_gains_nothing",),
    ),
    Mutant(
        "media: wrapped addresses are unwrapped", "an inner address is reached as an IPv6 one",
        _HOSTS, "        if inner is None:\n", "        if found:\n",
        (_FETCHING + "test_an_address_beside_the_public_internet_is_none_of_it",),
    ),
    Mutant(
        "media: no redirect is taken for a file", "a person isn't told where the file is",
        _HOSTS, "if answer.status in range(300, 400):", "if answer.status in range(0):",
        (_FETCHING + "test_a_redirect_is_not_followed",),
    ),
    Mutant(
        "media: a fetch has an end", "an import never ends",
        _HOSTS, "        self._timer.start()\n", "", (_FETCHING + "test_a_peer_that_drips_is_left_in_time",),
        hangs=True,
    ),
    Mutant(
        "media: a fetch is bounded in bytes", "a peer fills the machine's memory",
        _HOSTS, "and len(content) <= max_bytes:", "and len(content) <= max_bytes**2:",
        (_FETCHING + "test_a_file_that_is_too_large_is_refused",), hangs=True,
    ),
    Mutant(
        "media: what breaks off is no file", "half a picture is published",
        _HOSTS, "if answer.length or end.is_over:", "if end.is_over:",
        (_FETCHING + "test_a_file_that_breaks_off_is_refused",),
    ),
    Mutant(
        "media: JPEG tells nothing", "a picture tells where its photographer lives",
        "aicmo/posts/media_cleaning.py",
        "return marker in _NEEDED and body.startswith(_NEEDED[marker])", "return bool(body)", (_SILENT,),
    ),
    Mutant(
        "media: PNG tells nothing", "a picture tells who made it",
        "aicmo/posts/media_cleaning.py", "        if kind in _PNG_KEPT:\n", "        if kind:\n", (_SILENT,),
    ),
    Mutant(
        "media: films tell nothing", "a film tells where it was made",
        "aicmo/posts/media_cleaning.py", 'b"free" + bytes(box.end - box.begin)',
        'b"free" + content[box.begin : box.end]',
        (_MEDIA + "test_a_film_tells_nothing_of_its_making_and_keeps_each_frame",),
    ),
    Mutant(
        "media: pictures are turned upright", "a picture lies on its side",
        "aicmo/posts/media.py", "picture.getexif().get(_ORIENTATION, 1) != 1", "not picture",
        (_MEDIA + "test_a_picture_is_turned_upright",),
    ),
    Mutant(
        "media: cropped around the middle", "the crop cuts off what the picture shows",
        "aicmo/posts/media.py", "(scaled.width - width) // 2, (scaled.height - height) // 2", "0, 0",
        (_MEDIA + "test_a_picture_is_cropped_around_its_middle",),
    ),
    Mutant(
        "media: nothing is changed unasked", "a picture is cropped though nobody allowed it",
        "aicmo/posts/media.py", "if fits or medium.moves or not may_change", "if fits or medium.moves",
        (_MEDIA + "test_what_may_not_be_changed_stays_and_is_told_with_numbers_and_a_fix",),
    ),
    Mutant(
        "media: what moves stays as it is", "an animation goes out as a picture that stands still",
        "aicmo/posts/media.py", "if fits or medium.moves or", "if fits or",
        (_MEDIA + "test_an_animation_is_never_made_to_stand_still",),
    ),
    Mutant(
        "media: approvals bind the files", "a picture that nobody approved goes out",
        "aicmo/execution/fingerprint.py", '"media": media_as_they_go', '"media": len(media_as_they_go)',
        (_IMPORT + "test_one_other_pixel_voids_the_approval",),
    ),
    Mutant(
        "media: approvals bind the link tags", "links are tagged otherwise than was approved",
        "aicmo/execution/fingerprint.py", "if is_email or is_post else None", "if is_email else None",
        (_IMPORT + "test_what_changes_a_post_voids_its_approval",),
    ),
    Mutant(
        "media: what doesn't fit is told", "the network refuses the post when it is due",
        "aicmo/execution/composing_posts.py", "problems=draft.problems + wrong", "problems=draft.problems",
        (_IMPORT + "test_what_does_not_fit_is_shown_and_never_composed",),
    ),
    Mutant(
        "media: what isn't kept is told", "a post goes out without its picture",
        "aicmo/execution/post_media.py", "if named.part == part and", "if named.part == 0 and",
        (_IMPORT + "test_a_post_never_goes_out_without_its_picture",),
    ),
    Mutant(
        "media: what a plan no longer names is taken off", "a picture goes out that the plan dropped",
        "aicmo/execution/post_media.py",
        "    session.execute(delete(PostMedia).where(PostMedia.item_id == item_id))\n", "",
        (_IMPORT + "test_earlier_files_stay",),
    ),
)  # fmt: skip
