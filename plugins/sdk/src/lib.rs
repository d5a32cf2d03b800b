//! Write a Headwater connector in safe Rust: implement [`Connector`] and [`Stream`].

mod connector;

pub use connector::{
    BadRow, Batch, Call, Connector, Failure, Field, LogLevel, Request, Retry, Stream, StreamInfo,
};
pub use headwater_abi as abi;
