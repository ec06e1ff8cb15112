"""Sessions one after the other: Hypothesis draws their steps, nothing else of it is used."""

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.figures import Figures
from tests.faults.machine import Failure, Machine
from tests.faults.world import World


def sessions(world: World, number: int, rules: int, seeded: int | None) -> tuple[Figures, list[Failure]]:
    """Run so many sessions; without a seed always the same ones."""
    figures, failures = Figures(), list[Failure]()

    def machine() -> Machine:
        return Machine(world, figures, failures)

    if seeded is not None:
        machine = seed(seeded)(machine)
    run_state_machine_as_test(machine, settings=chosen(number, rules, seeded is None))
    return figures, failures


def chosen(number: int, rules: int, derandomize: bool) -> settings:
    return settings(
        max_examples=number,
        stateful_step_count=rules,
        derandomize=derandomize,
        phases=[Phase.generate],  # shrinking would play hundreds of sessions
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
