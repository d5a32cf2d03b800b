//! libFuzzer's door to [`headwater_fuzz::sync`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_fuzz::sync::run(data));
