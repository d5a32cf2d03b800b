//! What a twin for tests takes: snapshots and resets, its clock, faults.

use headwater::ErrorCode;
use serde_json::{Value as Json, json};

use super::operation::{Described, Example, data};
use super::shapes::{
    Object, Shape, any_of, component, described, list, number_within, one_of_texts, or_null, text,
    text_like, whole,
};
use super::{Components, Context};
use crate::twin::FAULTS;

const TAG: &str = "twin";
const SNAPSHOT: &str = "twin.snapshot";
const CLOCK: &str = "twin.clock";
const FAULT_PLAN: &str = "twin.faults";
/// The longest delay, in milliseconds, and the longest wait, in seconds.
const LONGEST: (usize, usize) = (600_000, 600);

/// What the endpoints of a twin take and answer.
pub(super) fn components() -> Components {
    Components::from([
        (SNAPSHOT.to_owned(), Object::new().must("name", text()).shape()),
        (CLOCK.to_owned(), clock_shape()),
        (FAULT_PLAN.to_owned(), told_faults()),
    ])
}

fn clock_shape() -> Shape {
    Object::new()
        .must("now", or_null(super::shapes::text_as("date-time")))
        .must("step_milliseconds", or_null(whole(0, None)))
        .must("id_seed", or_null(whole(0, None)))
        .described("Null is left to the machine.")
        .shape()
}

/// A rule, which says what happens to which requests.
fn rule(kinds: &[&str], more: impl Fn(Object) -> Object) -> Shape {
    let rule = Object::new()
        .must("kind", one_of_texts(kinds.iter().copied()))
        .may("rate", or_null(number_within(0.0, 1.0)))
        .may("methods", or_null(list(text_like("^[A-Z]+$"))))
        .may("path", or_null(text_like(r"^(/api/v2/|\*)")));
    more(rule).closed().shape()
}

fn rules() -> Shape {
    let delay = || whole(0, Some(LONGEST.0));
    list(any_of([
        rule(&["latency"], |rule| rule.must("milliseconds", delay())),
        rule(&["stall"], |rule| rule.may("milliseconds", or_null(delay()))),
        rule(&["rate_limited"], |rule| rule.may("retry_after", or_null(whole(0, Some(LONGEST.1))))),
        rule(&["error", "cut_before", "cut_after"], |rule| rule),
    ]))
}

fn rate_limit() -> Shape {
    let most = usize::try_from(u32::MAX).ok();
    or_null(Object::new().may("requests_per_second", or_null(whole(1, most))).closed().shape())
}

fn told_faults() -> Shape {
    let counts =
        FAULTS.iter().fold(Object::new(), |counts, name| counts.must(name, whole(0, None)));
    Object::new()
        .must("seed", whole(0, None))
        .must("rate_limit", rate_limit())
        .must("rules", list(Object::new().must("kind", one_of_texts(FAULTS)).shape()))
        .must("requests", whole(0, None))
        .must("injected", counts.shape())
        .must("over_rate_limit", whole(0, None))
        .shape()
}

/// One endpoint, where the server is a twin.
fn of_twin(
    context: &Context<'_>,
    id: &str,
    path: &str,
    describe: impl FnOnce(Described) -> Described,
) -> Vec<Described> {
    let described = context.is_twin.then(|| describe(Described::new(id, TAG, path)));
    described.into_iter().collect()
}

fn named() -> Shape {
    let name = text_like("^[A-Za-z0-9_-]{1,64}$");
    Object::new().may("name", or_null(name)).closed().shape()
}

fn example(summary: &'static str, value: Json) -> Vec<Example> {
    vec![(summary, value)]
}

pub(crate) fn snapshots(context: &Context<'_>) -> Vec<Described> {
    of_twin(context, "snapshots", "/snapshot", |described| {
        described.summary("List snapshots").answers(
            200,
            "Their names.",
            data(list(component(SNAPSHOT))),
        )
    })
}

pub(crate) fn snapshot(context: &Context<'_>) -> Vec<Described> {
    of_twin(context, "snapshot", "/snapshot", |described| {
        described
            .summary("Keep the present state under a name")
            .optional_body(named(), example("A name", json!({ "name": "before" })))
            .answers(201, "The snapshot.", data(component(SNAPSHOT)))
            .writes()
    })
}

pub(crate) fn reset(context: &Context<'_>) -> Vec<Described> {
    of_twin(context, "reset", "/reset", |described| {
        described
            .summary("Go back to a snapshot")
            .note("Without a name to the default one, or to the state that the server began with.")
            .optional_body(named(), example("To the beginning", json!({ "name": "start" })))
            .answers(200, "The snapshot.", data(component(SNAPSHOT)))
            .writes()
    })
}

pub(crate) fn clock(context: &Context<'_>) -> Vec<Described> {
    of_twin(context, "clock", "/clock", |described| {
        described.summary("How times and ids are made").answers(
            200,
            "The clock.",
            data(component(CLOCK)),
        )
    })
}

pub(crate) fn set_clock(context: &Context<'_>) -> Vec<Described> {
    let body = Object::new()
        .may("now", or_null(component("raw.timestamp")))
        .may("step_milliseconds", or_null(whole(1, Some(3_600_000))))
        .may("id_seed", or_null(whole(0, None)))
        .closed()
        .shape();
    let about = "A step goes with `now`; what is absent or null is left to the machine.";
    of_twin(context, "set_clock", "/clock", |one| {
        one.summary("Fix the clock and the ids")
            .optional_body(
                described(body, about),
                example(
                    "A fixed clock",
                    json!({ "now": "2026-01-01T00:00:00Z", "step_milliseconds": 250, "id_seed": 42 }),
                ),
            )
            .answers(200, "The clock.", data(component(CLOCK)))
            .refuses(&[ErrorCode::FieldValueInvalid])
    })
}

pub(crate) fn unset_clock(context: &Context<'_>) -> Vec<Described> {
    of_twin(context, "unset_clock", "/clock", |described| {
        described.summary("Leave times and ids to the machine").answers(
            200,
            "The clock.",
            data(component(CLOCK)),
        )
    })
}

pub(crate) fn faults(context: &Context<'_>) -> Vec<Described> {
    of_twin(context, "faults", "/faults", |described| {
        described.summary("The faults, and how often each happened").answers(
            200,
            "The faults.",
            data(component(FAULT_PLAN)),
        )
    })
}

pub(crate) fn set_faults(context: &Context<'_>) -> Vec<Described> {
    let body = Object::new()
        .may("seed", or_null(whole(0, None)))
        .may("rate_limit", rate_limit())
        .may("rules", or_null(rules()))
        .closed()
        .shape();
    of_twin(context, "set_faults", "/faults", |described| {
        described
            .summary("Let faults happen")
            .optional_body(
                body,
                example(
                    "Errors for some queries",
                    json!({
                        "seed": 7,
                        "rules": [{ "kind": "error", "rate": 0.05, "path": "*/_query" }],
                    }),
                ),
            )
            .answers(200, "The faults.", data(component(FAULT_PLAN)))
            .refuses(&[ErrorCode::ConfigInvalid])
    })
}

pub(crate) fn unset_faults(context: &Context<'_>) -> Vec<Described> {
    of_twin(context, "unset_faults", "/faults", |described| {
        described.summary("Let no faults happen").answers(
            200,
            "The faults.",
            data(component(FAULT_PLAN)),
        )
    })
}
