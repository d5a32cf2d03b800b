//! libFuzzer's door to [`headwater_fuzz::connector_abi`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_fuzz::connector_abi::run(data));
