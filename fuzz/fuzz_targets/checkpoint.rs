//! libFuzzer's door to [`headwater_fuzz::checkpoint`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_fuzz::checkpoint::run(data));
