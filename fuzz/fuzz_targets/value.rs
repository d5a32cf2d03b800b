//! libFuzzer's door to [`headwater_fuzz::value`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_fuzz::value::run(data));
