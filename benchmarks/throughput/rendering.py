"""What rendering the letter alone costs: its three Jinja templates, compiled once, autoescape on."""

from __future__ import annotations

import statistics
import time

from jinja2 import Environment

from benchmarks.throughput.letters import HTML, SUBJECT, TEXT, leave_link, people

_ROUNDS, _LETTERS = 7, 1_000


def cpu_us_per_letter() -> float:
    """Median of several rounds, so that one that was disturbed doesn't count."""
    plain, markup = Environment(autoescape=False), Environment(autoescape=True)
    templates = [plain.from_string(SUBJECT), plain.from_string(TEXT), markup.from_string(HTML)]
    contexts = [{**each, "leave": leave_link(each["number"])} for each in people(_LETTERS)]
    rounds: list[float] = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for context in contexts:
            for template in templates:
                template.render(context)
        rounds.append((time.process_time() - began) / _LETTERS * 1e6)
    return statistics.median(rounds)
