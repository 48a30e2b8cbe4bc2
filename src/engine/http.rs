//! HTTP statuses and gRPC codes by name.

use crate::engine::value::Value;

/// The status that a constant of `http::StatusCode` stands for.
pub fn status_constant(name: &str) -> Option<u16> {
    Some(match name {
        "CONTINUE" => 100,
        "SWITCHING_PROTOCOLS" => 101,
        "PROCESSING" => 102,
        "EARLY_HINTS" => 103,
        "OK" => 200,
        "CREATED" => 201,
        "ACCEPTED" => 202,
        "NON_AUTHORITATIVE_INFORMATION" => 203,
        "NO_CONTENT" => 204,
        "RESET_CONTENT" => 205,
        "PARTIAL_CONTENT" => 206,
        "MULTI_STATUS" => 207,
        "ALREADY_REPORTED" => 208,
        "IM_USED" => 226,
        "MULTIPLE_CHOICES" => 300,
        "MOVED_PERMANENTLY" => 301,
        "FOUND" => 302,
        "SEE_OTHER" => 303,
        "NOT_MODIFIED" => 304,
        "USE_PROXY" => 305,
        "TEMPORARY_REDIRECT" => 307,
        "PERMANENT_REDIRECT" => 308,
        "BAD_REQUEST" => 400,
        "UNAUTHORIZED" => 401,
        "PAYMENT_REQUIRED" => 402,
        "FORBIDDEN" => 403,
        "NOT_FOUND" => 404,
        "METHOD_NOT_ALLOWED" => 405,
        "NOT_ACCEPTABLE" => 406,
        "PROXY_AUTHENTICATION_REQUIRED" => 407,
        "REQUEST_TIMEOUT" => 408,
        "CONFLICT" => 409,
        "GONE" => 410,
        "LENGTH_REQUIRED" => 411,
        "PRECONDITION_FAILED" => 412,
        "PAYLOAD_TOO_LARGE" => 413,
        "URI_TOO_LONG" => 414,
        "UNSUPPORTED_MEDIA_TYPE" => 415,
        "RANGE_NOT_SATISFIABLE" => 416,
        "EXPECTATION_FAILED" => 417,
        "IM_A_TEAPOT" => 418,
        "MISDIRECTED_REQUEST" => 421,
        "UNPROCESSABLE_ENTITY" => 422,
        "LOCKED" => 423,
        "FAILED_DEPENDENCY" => 424,
        "TOO_EARLY" => 425,
        "UPGRADE_REQUIRED" => 426,
        "PRECONDITION_REQUIRED" => 428,
        "TOO_MANY_REQUESTS" => 429,
        "REQUEST_HEADER_FIELDS_TOO_LARGE" => 431,
        "UNAVAILABLE_FOR_LEGAL_REASONS" => 451,
        "INTERNAL_SERVER_ERROR" => 500,
        "NOT_IMPLEMENTED" => 501,
        "BAD_GATEWAY" => 502,
        "SERVICE_UNAVAILABLE" => 503,
        "GATEWAY_TIMEOUT" => 504,
        "HTTP_VERSION_NOT_SUPPORTED" => 505,
        "VARIANT_ALSO_NEGOTIATES" => 506,
        "INSUFFICIENT_STORAGE" => 507,
        "LOOP_DETECTED" => 508,
        "NOT_EXTENDED" => 510,
        "NETWORK_AUTHENTICATION_REQUIRED" => 511,
        _ => return None,
    })
}

/// The status that a gRPC code stands for, by Google's own table of HTTP equivalents.
pub fn grpc_status(name: &str) -> Option<u16> {
    Some(match name {
        "Unauthenticated" => 401,
        "PermissionDenied" => 403,
        "ResourceExhausted" => 429,
        "Unavailable" => 503,
        "DeadlineExceeded" => 504,
        "Internal" | "Unknown" | "DataLoss" => 500,
        "NotFound" => 404,
        "InvalidArgument" | "FailedPrecondition" | "OutOfRange" => 400,
        "AlreadyExists" | "Aborted" => 409,
        "Unimplemented" => 501,
        "Cancelled" => 499,
        _ => return None,
    })
}

/// A constant of another crate by the last two parts of its path.
pub fn constant(owner: &str, name: &str) -> Option<Value> {
    match owner {
        // `StatusCode::TooManyRequests`, as clients spell it whose statuses are an enum.
        "StatusCode" if name.contains(char::is_lowercase) => {
            status_constant(&crate::models::split_words(name).join("_").to_uppercase()).map(Value::Status)
        }
        "StatusCode" | "Status" => status_constant(name).map(Value::Status),
        "Code" => grpc_status(name).map(Value::Status),
        "Duration" => Some(match name {
            "ZERO" => Value::Duration(0.0, 0.0),
            "MAX" => Value::Duration(f64::MAX, f64::MAX),
            _ => return None,
        }),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => {
            Some(Value::Int(match (owner, name) {
                ("u8", "MAX") => u8::MAX.into(),
                ("u16", "MAX") => u16::MAX.into(),
                ("u32", "MAX") => u32::MAX.into(),
                ("i32", "MAX") => i32::MAX.into(),
                ("i64", "MAX") => i64::MAX.into(),
                (_, "MAX") => u64::MAX.into(),
                (_, "MIN") => 0,
                _ => return None,
            }))
        }
        _ => None,
    }
}

/// The words of a status in a message: `401 Unauthorized`.
pub fn reason(status: u16) -> &'static str {
    match status {
        401 => "401 Unauthorized",
        403 => "403 Forbidden",
        429 => "429 Too Many Requests",
        503 => "503 Service Unavailable",
        _ => "",
    }
}
