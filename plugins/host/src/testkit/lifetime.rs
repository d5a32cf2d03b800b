//! A source that is opened and closed again and again leaves nothing behind.

use serde_json::Value as Json;

use super::{Finding, Subject, broken, not_tried};

/// What the allocator and the threads may keep.
const TOLERATED_BYTES: usize = 4 << 20;

pub(super) fn opens_and_closes(
    connector: &dyn Subject,
    config: Option<&Json>,
    repeats: usize,
) -> Finding {
    let Some(config) = config else { return not_tried("needs a configuration") };
    let warm_up = repeats / 10;
    repeat(connector, config, warm_up)?;
    // Others in this process may have grown meanwhile: a leak grows every time.
    let mut grown = 0;
    for _ in 0..3 {
        let Some(before) = resident_bytes() else {
            repeat(connector, config, repeats - warm_up)?;
            return not_tried(format!("{repeats} times without a fault; this system has no statm"));
        };
        repeat(connector, config, repeats - warm_up)?;
        grown = resident_bytes().unwrap_or(before).saturating_sub(before);
        if grown <= TOLERATED_BYTES {
            return Ok(format!("{repeats} times, {} KiB more", grown / 1024));
        }
    }
    broken(format!(
        "{} times took {} KiB more memory, expected at most {} KiB",
        repeats - warm_up,
        grown / 1024,
        TOLERATED_BYTES / 1024
    ))
}

fn repeat(connector: &dyn Subject, config: &Json, times: usize) -> headwater::Result<()> {
    for _ in 0..times {
        drop(connector.open(config)?);
    }
    Ok(())
}

/// The memory of this process that is in use, where the system says.
fn resident_bytes() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
    // Pages are 4 KiB or more; too small a factor only makes the check milder.
    Some(pages * 4096)
}
