//! Faults: which request one happens to, what happens, and how often it did.
//!
//! Each request of the record API draws once, so that the rates of rules add up as they are
//! written, and the same requests in the same order meet the same faults again.

use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fastrand::Rng;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use headwater::{Error, ErrorCode, Retry};
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use crate::failure::Failure;

use super::plan::{API, FaultPlan, Kind};

const HEALTH: &str = "/api/v2/health";
/// What the log and the counts show of a request whose connection was cut: no status was sent.
const NO_RESPONSE: u16 = 444;

/// Marks the answer of a request whose connection is to end without it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut")
    }
}

impl std::error::Error for Cut {}

/// The fault that happened to a request, noted with its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Injected(pub(crate) &'static str);

/// The faults of a server, and how often each happened.
pub(super) struct Faults(Mutex<State>);

struct State {
    plan: FaultPlan,
    random: Rng,
    limit: Option<DefaultDirectRateLimiter>,
    /// How often each rule's fault happened.
    by_rule: Vec<u64>,
    /// How often faults of each kind happened, also by rules that are gone.
    by_kind: [u64; Kind::NAMES.len()],
    /// Those of them that the rate limit refused.
    over_limit: u64,
    /// Requests that faults could have happened to.
    requests: u64,
}

impl State {
    fn begin(plan: FaultPlan) -> Self {
        Self {
            random: Rng::with_seed(plan.seed),
            limit: plan.requests_per_second.map(limiter),
            by_rule: vec![0; plan.rules.len()],
            by_kind: [0; Kind::NAMES.len()],
            over_limit: 0,
            requests: 0,
            plan,
        }
    }
}

/// What happens to a request.
#[derive(Default)]
struct Verdict {
    delay: Duration,
    fault: Option<Kind>,
}

impl Faults {
    pub(super) fn new(plan: FaultPlan) -> Self {
        Self(Mutex::new(State::begin(plan)))
    }

    /// Takes another plan; the counts by kind go on.
    pub(super) fn set(&self, plan: FaultPlan) {
        let mut state = self.state();
        // Its share of this second stays used up where the limit stays.
        if state.plan.requests_per_second != plan.requests_per_second {
            state.limit = plan.requests_per_second.map(limiter);
        }
        state.random = Rng::with_seed(plan.seed);
        state.by_rule = vec![0; plan.rules.len()];
        state.plan = plan;
    }

    /// Begins anew with the present plan.
    pub(super) fn restart(&self) {
        let mut state = self.state();
        *state = State::begin(state.plan.clone());
    }

    /// The plan, and what happened by it.
    pub(super) fn to_json(&self) -> Value {
        let state = self.state();
        let rules = state.plan.rules.iter().zip(&state.by_rule).map(|(rule, injected)| {
            let mut rule = rule.to_json();
            rule["injected"] = json!(injected);
            rule
        });
        let by_kind = Kind::NAMES.iter().zip(state.by_kind);
        let injected: Map<String, Value> =
            by_kind.map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
        json!({
            "seed": state.plan.seed,
            "rate_limit": state.plan.requests_per_second.map(|rate| json!({
                "requests_per_second": rate,
            })),
            "rules": rules.collect::<Vec<_>>(),
            "requests": state.requests,
            "injected": injected,
            "over_rate_limit": state.over_limit,
        })
    }

    /// Answers a request by `answer`, unless a fault is to happen to it.
    pub(super) async fn pass<A: Future<Output = Response>>(
        &self,
        request: Request,
        answer: impl FnOnce(Request) -> A,
    ) -> Response {
        let verdict = self.judge(request.method().as_str(), request.uri().path());
        if !verdict.delay.is_zero() {
            sleep(verdict.delay).await;
        }
        let Some(kind) = verdict.fault else { return answer(request).await };
        let mut response = match kind {
            Kind::Latency(_) => answer(request).await,
            Kind::RateLimited(wait) => too_many(wait),
            Kind::Error => failed(),
            Kind::CutBefore => cut(),
            Kind::CutAfter => {
                drop(answer(request).await);
                cut()
            }
            Kind::Stall(delay) => {
                let response = answer(request).await;
                sleep(delay).await;
                response
            }
        };
        response.extensions_mut().insert(Injected(kind.name()));
        response
    }

    fn judge(&self, method: &str, path: &str) -> Verdict {
        let mut state = self.state();
        let state = &mut *state;
        let is_named = || state.plan.rules.iter().any(|rule| rule.names(path));
        if !path.starts_with(API) || (path == HEALTH && !is_named()) {
            return Verdict::default();
        }
        state.requests += 1;
        // Drawn whatever the rules are about, so that a choice does not depend on other routes.
        let (which, late) = (state.random.f64(), state.random.f64());
        let refused = state.limit.as_ref().and_then(|limit| limit.check().err());
        if let Some(refused) = refused {
            let kind = Kind::RateLimited(refused.wait_time_from(DefaultClock::default().now()));
            state.by_kind[kind.place()] += 1;
            state.over_limit += 1;
            return Verdict { delay: Duration::ZERO, fault: Some(kind) };
        }
        let mut verdict = Verdict::default();
        let mut passed = 0.0;
        for (rule, count) in state.plan.rules.iter().zip(&mut state.by_rule) {
            let may = rule.is_about(method, path) && (path != HEALTH || rule.names(path));
            if !may {
                continue;
            }
            match rule.kind {
                Kind::Latency(delay) if late < rule.rate => verdict.delay += delay,
                Kind::Latency(_) => continue,
                kind => {
                    let is_hit = (passed..passed + rule.rate).contains(&which);
                    passed += rule.rate;
                    if !is_hit || verdict.fault.is_some() {
                        continue;
                    }
                    verdict.fault = Some(kind);
                }
            }
            *count += 1;
            state.by_kind[rule.kind.place()] += 1;
        }
        verdict
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn limiter(rate: NonZeroU32) -> DefaultDirectRateLimiter {
    RateLimiter::direct(Quota::per_second(rate))
}

/// A refusal that does not tell how many requests would be few enough.
fn too_many(wait: Duration) -> Response {
    let error = Error::new(ErrorCode::RateLimited, "too many requests");
    Failure::from(error.retry_with(Retry::After(wait))).into_response()
}

fn failed() -> Response {
    Failure::from(Error::new(ErrorCode::Internal, "a fault was asked for")).into_response()
}

/// What stands for an answer until the connection ends in its place.
fn cut() -> Response {
    let status = StatusCode::from_u16(NO_RESPONSE).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = status.into_response();
    response.extensions_mut().insert(Cut);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Faults {
        Faults::new(FaultPlan::from_toml(text).unwrap())
    }

    fn fault(faults: &Faults, method: &str, path: &str) -> Option<&'static str> {
        faults.judge(method, path).fault.map(Kind::name)
    }

    #[test]
    fn rates_add_up_as_they_are_written_and_repeat_by_the_seed() {
        let plan = "seed = 3\nrules = [{kind = 'error', rate = 0.05}, {kind = 'cut_after', rate = 0.05}, \
                    {kind = 'latency', rate = 0.5, milliseconds = 1}, {kind = 'stall', rate = 0.02}]";
        let draw = |faults: &Faults| -> Vec<_> {
            (0..100_000).map(|_| fault(faults, "GET", "/api/v2/contact/1")).collect()
        };
        let faults = faults(plan);
        let drawn = draw(&faults);
        for (name, expected) in [("error", 5_000), ("cut_after", 5_000), ("stall", 2_000)] {
            let found = drawn.iter().filter(|fault| **fault == Some(name)).count();
            assert!(found.abs_diff(expected) < expected / 10, "{name}: {found}");
            assert_eq!(faults.to_json()["injected"][name], json!(found));
        }
        let late = faults.to_json()["injected"]["latency"].as_u64().unwrap();
        assert!(late.abs_diff(50_000) < 1_000, "{late}");
        faults.restart();
        assert_eq!(faults.to_json()["requests"], 0);
        assert_eq!(draw(&faults), drawn);
    }

    #[test]
    fn a_plan_that_is_given_during_a_restart_is_not_lost() {
        for _ in 0..2000 {
            let faults = faults("rules = [{kind = 'error'}]");
            let start = std::sync::Barrier::new(2);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    faults.restart();
                });
                start.wait();
                faults.set(FaultPlan::default());
            });
            assert_eq!(faults.to_json()["rules"], json!([]));
        }
    }

    #[test]
    fn faults_happen_only_to_what_their_rule_is_about() {
        let faults = faults("rules = [{kind = 'error', methods = ['POST'], path = '*/_query'}]");
        assert_eq!(fault(&faults, "POST", "/api/v2/contact/_query"), Some("error"));
        assert_eq!(fault(&faults, "GET", "/api/v2/contact/_query"), None);
        assert_eq!(fault(&faults, "POST", "/api/v2/contact"), None);
        assert_eq!(fault(&faults, "POST", "/api/local/_query"), None);
    }

    #[test]
    fn health_is_spared_unless_it_is_named() {
        let all = faults("rate_limit = {requests_per_second = 1}\nrules = [{kind = 'error'}]");
        assert_eq!([(); 5].map(|()| fault(&all, "GET", HEALTH)), [None; 5]);
        let named =
            faults("rules = [{kind = 'error'}, {kind = 'cut_before', path = '/api/v2/health'}]");
        assert_eq!(fault(&named, "GET", HEALTH), Some("cut_before"));
        assert_eq!(fault(&named, "GET", "/api/v2/contact/1"), Some("error"));
    }

    #[test]
    fn another_plan_leaves_the_counts_by_kind() {
        let faults = faults("rules = [{kind = 'error'}]");
        assert_eq!(fault(&faults, "GET", "/api/v2/contact/1"), Some("error"));
        faults.set(FaultPlan::default());
        assert_eq!(fault(&faults, "GET", "/api/v2/contact/1"), None);
        let told = faults.to_json();
        assert_eq!((&told["injected"]["error"], &told["rules"]), (&json!(1), &json!([])));
    }
}
