//! The limit of what a client can ask of a record API: a plain loop of `reqwest`, `--concurrency` at a
//! time, that asserts `--rows` contacts at `--url` and looks at nothing but the status; says on
//! stdout, in JSON, how many seconds it took.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use headwater_benches::arguments::Arguments;
use serde_json::json;

fn main() -> ExitCode {
    // The program's own client is built with TLS, which then any client asks for.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "requests: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let arguments = Arguments::read(&["concurrency", "rows", "url"])?;
    let url: String = arguments.require("url")?;
    let rows: usize = arguments.require("rows")?;
    let concurrency: usize = arguments.get("concurrency", 32)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|cause| cause.to_string())?;
    let seconds =
        runtime.block_on(assert_all(format!("{url}/contact/_assert"), rows, concurrency))?;
    writeln!(std::io::stdout(), "{}", json!({ "seconds": seconds }))
        .map_err(|cause| cause.to_string())
}

async fn assert_all(url: String, rows: usize, concurrency: usize) -> Result<f64, String> {
    let client = reqwest::Client::builder().build().map_err(|cause| cause.to_string())?;
    let (next, url) = (Arc::new(AtomicUsize::new(0)), Arc::new(url));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..concurrency {
        let (client, next, url) = (client.clone(), Arc::clone(&next), Arc::clone(&url));
        tasks.spawn(async move {
            loop {
                let row = next.fetch_add(1, Ordering::Relaxed);
                if row >= rows {
                    return Ok(());
                }
                let body = json!({
                    "match": {"primary_email": format!("limit{row}@x.example")},
                    "attributes": {"first_name": format!("F{row}"), "title": format!("T{row}")},
                });
                let sent = client.post(&*url).header("content-type", "application/json");
                let answer = sent.body(body.to_string()).send().await;
                let answer = answer.map_err(|cause| cause.to_string())?;
                let status = answer.status();
                answer.bytes().await.map_err(|cause| cause.to_string())?;
                if !status.is_success() {
                    return Err(format!("status {status}"));
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(|cause| cause.to_string())??;
    }
    Ok(start.elapsed().as_secs_f64())
}
