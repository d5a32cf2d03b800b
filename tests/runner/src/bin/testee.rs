//! Serves the Rust library over the testee protocol: a JSON request a line in, an answer a line out.

use std::io::{BufRead, Write};

use headwater_conformance::{InProcess, Testee};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut testee = InProcess::default();
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let response = testee.call(&serde_json::from_str(&line?)?)?;
        writeln!(output, "{}", response.to_json())?;
        output.flush()?;
    }
    Ok(())
}
