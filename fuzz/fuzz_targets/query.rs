//! libFuzzer's door to [`headwater_fuzz::query`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_fuzz::query::run(data));
