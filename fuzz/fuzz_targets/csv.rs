//! libFuzzer's door to [`headwater_fuzz::csv`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_fuzz::csv::run(data));
