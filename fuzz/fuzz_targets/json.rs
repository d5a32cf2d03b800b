//! libFuzzer's door to [`headwater_fuzz::json`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_fuzz::json::run(data));
