//! Feature `tonic`: a failed gRPC call.

use crate::{classify, Classify, Failure};
use ::tonic::Status;
use std::time::Duration;

/// By code and message. The delay comes from `grpc-retry-pushback-ms`, as gRFC A6 defines it.
impl Classify for Status {
    fn classify(&self) -> Failure {
        let failure = classify::grpc(self.code() as i32, self.message());
        let pushback = self.metadata().get("grpc-retry-pushback-ms");
        let millis = pushback.and_then(|value| value.to_str().ok()?.parse().ok());
        match millis {
            Some(millis) => failure.with_retry_after(Duration::from_millis(millis)),
            None => failure,
        }
    }
}
