//! libFuzzer's door to [`headwater_fuzz::mapping`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_fuzz::mapping::run(data));
