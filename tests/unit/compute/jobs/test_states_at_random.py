"""Random courses of jobs, made of what can really happen: hypothesis chooses, the table must know every step."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from clary.compute.jobs import events as job_events
from clary.compute.jobs import states
from clary.compute.jobs.events import Event
from clary.compute.jobs.life import TERMINAL, Life, State
from clary.compute.jobs.states import Instruction

# What may come from outside, at any moment and whether or not the supervisor has heard of the last one.
OUTSIDE = ("stop", "interrupt", "kill", "kill for good")
# What the one that looks after the job may do next.
INSIDE = ("go on", "fail", "too long", "waited too long", "break")


@dataclass
class Course:
    """A scheduler, a supervisor and a user, without processes: who may do what follows from what was done.

    Attributes:
        alive: whether a supervisor looks after the job.
        staging, programs: what it has under way.
        known: the state in which the supervisor believes the job to be; it hears of changes later.
    """

    life: Life
    now: float = 0.0
    alive: bool = False
    staging: bool = False
    programs: bool = False
    told_to_end: bool = False
    uploading: bool = False
    saving: bool = False
    known: State = State.WAITING
    held: float = 0.0
    lives: list[Life] = field(default_factory=list)

    def apply(self, event: Event) -> None:
        self.life, instructions = states.apply(self.life, event)
        self.lives.append(self.life)
        if not self.alive:
            return
        for instruction in instructions:
            match instruction:
                case Instruction.STAGE_INPUTS:
                    self.staging = True
                case Instruction.START_PROGRAMS:
                    self.programs = True
                case Instruction.END_PROGRAMS:
                    self.told_to_end = True
                case Instruction.UPLOAD | Instruction.UPLOAD_WITHOUT_MODEL:
                    self.uploading = True
                case Instruction.SAVE_CHECKPOINTS:
                    self.saving = True
                case Instruction.LEAVE | Instruction.FINISH:
                    self.end_supervisor()

    def end_supervisor(self) -> None:
        self.alive = self.staging = self.programs = self.told_to_end = self.uploading = self.saving = False

    def outside(self, what: str) -> None:
        match what:
            case "stop":
                self.apply(job_events.StopRequested(self.now))
            case "interrupt" if self.life.state is not State.WAITING:
                self.apply(job_events.Interrupted(self.now))
            case "kill" | "kill for good" if self.life.state is not State.WAITING:
                sign = self.now - 1.0
                self.end_supervisor()
                self.apply(job_events.SupervisorLost(self.now, what == "kill for good", sign))

    def inside(self, what: str) -> None:
        """One step of the scheduler while the job waits, else of its supervisor."""
        if self.life.state is State.WAITING:
            match what:
                case "go on":
                    self.apply(job_events.Admitted(self.now))
                case "waited too long":
                    self.apply(job_events.WaitExceeded(self.now))
                case "too long":
                    self.apply(job_events.PendingExceeded(self.now))
                case _:
                    self.apply(job_events.NoCapacity(self.now, "Pending: full"))
            return
        if not self.alive:
            self.alive = True
            self.apply(job_events.SupervisorStarted(self.now))
        elif what == "break":
            self.apply(job_events.Broken(self.now, "OSError: disk"))
            self.end_supervisor()
        elif self.saving:
            self.saving = False
            self.apply(job_events.ProgramsEnded(self.now, "ClientError: denied" if what == "fail" else ""))
        elif self.staging:
            self.stage(what)
        elif self.programs:
            self.train(what)
        elif self.uploading:
            self.uploading = False
            failed = job_events.UploadFailed(self.now, "ClientError: no bucket")
            self.apply(failed if what == "fail" else job_events.Uploaded(self.now, {}))

    def stage(self, what: str) -> None:
        if what == "waited too long":
            self.apply(job_events.WaitExceeded(self.now))
            return
        self.staging = False
        failed = job_events.InputsFailed(self.now, "ClientError: no data")
        self.apply(failed if what == "fail" else job_events.InputsReady(self.now))

    def train(self, what: str) -> None:
        match what:
            case "too long":
                self.apply(job_events.RuntimeExceeded(self.now))
            case "waited too long":
                self.apply(job_events.WaitExceeded(self.now))
            case _:
                self.programs = False
                reason = "AlgorithmError: exit code: 1" if what == "fail" and not self.told_to_end else ""
                self.apply(job_events.ProgramsEnded(self.now, reason, on_their_own=not self.told_to_end))


steps = st.lists(
    st.tuples(st.sampled_from(INSIDE + OUTSIDE), st.floats(0.0, 100.0)), min_size=1, max_size=60
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(steps, st.integers(0, 2), st.floats(0.05, 1.0))
def test_no_course_of_a_job_surprises_the_table(
    course: list[tuple[str, float]], retries: int, billed_share: float
) -> None:
    job = Course(states.submitted(0.0, retries=retries, billed_share=billed_share))
    for what, seconds in course:
        if job.life.state in TERMINAL:
            break
        job.now += seconds
        (job.outside if what in OUTSIDE else job.inside)(what)
        check(job.life, job.now)
    for _ in range(12):  # and if nothing hits it any more, it ends
        if job.life.state in TERMINAL:
            break
        job.now += 1.0
        job.inside("go on")
        check(job.life, job.now)
    assert job.life.state in TERMINAL
    told = [life.transitions for life in job.lives]
    for before, after in itertools.pairwise(told):
        assert [step["status"] for step in before] == [step["status"] for step in after][: len(before)]


def check(life: Life, now: float) -> None:
    """What holds of every life."""
    assert Life.from_json(life.to_json()) == life
    for earlier, later in zip(life.transitions, life.transitions[1:], strict=False):
        assert earlier["start"] <= earlier["end"] == later["start"]
    assert life.transitions[-1]["status"] == life.secondary_status
    assert ("end" in life.transitions[-1]) == (life.state in TERMINAL)
    assert 0.0 <= life.trained(now) <= life.held(now) + 1e-6 <= now + 1e-3
    assert (life.held_since is None) or life.state is not State.WAITING
    assert (life.training_since is None) or life.held_since is not None
    if life.state in TERMINAL:
        assert life.held_since is None and life.training_since is None
        assert (life.training_seconds is None) == (life.started is None)
        if life.training_seconds is not None and life.billable_seconds is not None:
            assert 1 <= life.billable_seconds <= life.training_seconds
        assert bool(life.failure_reason) == (life.status == "Failed")
