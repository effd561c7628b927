"""The thinking of a project: what the client reads, nothing that is sent."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from aicmo.plans.fields import Currency, Day, Line, Number, Part, Prose


class Fact(Part):
    """A statement with its figure; without a source it is shown as unsourced."""

    fact: Line
    value: Number | None = None
    unit: Line | None = None
    source: Line | None = Field(default=None, description="Where the figure comes from.")


class Target(Part):
    """What a metric should reach; a range has `target_max` as well."""

    metric: Line
    baseline: Number | None = Field(default=None, description="Where it stands today.")
    target: Number | None = None
    target_max: Number | None = None
    change: Number | None = Field(default=None, description="Wanted change, when no level is set.")
    unit: Line = Field(description="For example `%`, `USD`, `per month`.")

    @model_validator(mode="after")
    def _aims_at_something(self) -> Target:
        if self.target is None and self.change is None:
            msg = "needs a target or a change"
            raise ValueError(msg)
        return self


class Kpi(Part):
    """A measure that is reported; a range has `target_max` as well."""

    name: Line
    baseline: Number | None = Field(default=None, description="Where it stands today.")
    target: Number
    target_max: Number | None = None
    unit: Line
    tier: Literal["primary", "secondary"] = "primary"
    better: Literal["higher", "lower"] = "higher"
    source: Line | None = Field(default=None, description="Where the number will be read.")


class Objective(Part):
    statement: Prose
    horizon_days: int | None = Field(default=None, gt=0, le=3650)
    targets: tuple[Target, ...] = ()


class Market(Part):
    """Who the project is for, and the market it acts in."""

    primary: Prose = Field(description="The primary audience, in words.")
    secondary: Prose | None = None
    needs: tuple[Line, ...] = ()
    barriers: tuple[Line, ...] = Field(default=(), description="Why they leave or don't buy.")
    facts: tuple[Fact, ...] = ()


class Persona(Part):
    name: Line
    role: Line
    wants: Prose
    objection: Prose | None = None
    channels: tuple[Line, ...] = ()


class Segment(Part):
    """A group of contacts, told apart by a rule the client's own systems apply."""

    name: Line
    rule: Line
    aim: Line | None = None


class Pillar(Part):
    name: Line
    idea: Prose
    detail: Prose | None = None


class Concept(Part):
    name: Line
    cadence: Line | None = None
    content: Prose
    drives: Line | None = None


class Message(Part):
    core: Line
    proof: tuple[Line, ...] = ()


class Strategy(Part):
    summary: Prose
    big_idea: Line | None = None
    message: Message | None = None
    pillars: tuple[Pillar, ...] = Field(min_length=1)
    concepts: tuple[Concept, ...] = ()


class Offer(Part):
    name: Line
    detail: Prose | None = None
    price: Number | None = Field(default=None, ge=0)
    regular_price: Number | None = Field(default=None, ge=0)
    currency: Currency | None = None
    per: Line | None = None
    limit: Line | None = None

    @model_validator(mode="after")
    def _money_has_a_currency(self) -> Offer:
        if (self.price is not None or self.regular_price is not None) and self.currency is None:
            msg = "a price needs a currency"
            raise ValueError(msg)
        return self


class ChannelRole(Part):
    """What a channel is for; it may be one that AICMO doesn't send on."""

    channel: Line
    role: Prose
    cadence: Line | None = None
    kill_criterion: Line | None = Field(default=None, description="When it is stopped.")


class Phase(Part):
    name: Line
    starts_on: Day
    ends_on: Day
    tactics: tuple[Line, ...] = ()

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Phase:
        if self.ends_on < self.starts_on:
            msg = "ends before it starts"
            raise ValueError(msg)
        return self


class Theme(Part):
    """A stretch of the calendar with one subject."""

    slot: Line
    theme: Line
    channels: tuple[Line, ...] = ()
    messages: tuple[Line, ...] = ()
    cta: Line | None = None


class Journey(Part):
    """A series that an event starts for one person; described, not executed, by AICMO."""

    name: Line
    trigger: Line
    steps: tuple[Line, ...] = Field(min_length=1)
    incentive: Line | None = None
    target: Target | None = None


class WorkBlock(Part):
    """Work for the team in one stretch of time."""

    when: Line
    tasks: tuple[Line, ...] = Field(min_length=1)


class BudgetLine(Part):
    name: Line
    amount: Number = Field(ge=0)
    note: Line | None = None


class Budget(Part):
    currency: Currency
    total: Number = Field(ge=0)
    period: Line
    lines: tuple[BudgetLine, ...] = Field(min_length=1)


class Stage(Part):
    """A stage of the funnel. A KPI of the same name must have the same target."""

    name: Line
    count: Number | None = Field(default=None, ge=0, description="How many reach it.")
    rate: Number | None = Field(
        default=None, ge=0, le=100, description="Percent of the stage before that reach it."
    )
    cost_each: Number | None = Field(
        default=None, ge=0, description="What one costs, in the budget's currency."
    )
    budget_line: Line | None = Field(
        default=None, description="Name of the budget line that pays for it; default the total."
    )


class Retention(Part):
    """How many customers are to stay: percent who leave in a month, percent left at the end."""

    monthly_churn: Number = Field(ge=0, le=100)
    months: int = Field(default=12, gt=0, le=120)
    target: Number = Field(ge=0, le=100)


class Topic(Part):
    """A chapter of the client's own: a protocol, a checklist, a note."""

    title: Line
    text: Prose | None = None
    points: tuple[Line, ...] = ()


class Phrase(Part):
    phrase: Line
    at_least: int = Field(default=1, ge=1)


class LanguageRules(Part):
    must_mention: tuple[Phrase, ...] = ()
    must_not_mention: tuple[Line, ...] = ()
    may_mention: tuple[Line, ...] = Field(
        default=(),
        description="Names or domains of other clients that the copy names on purpose.",
    )
    reason: Prose | None = None


class OpenQuestion(Part):
    """A gap that the client or the agency still has to fill; shown as such, never papered over."""

    question: Line
    needed_for: Line | None = None
    owner: Line | None = None
