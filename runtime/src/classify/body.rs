//! Reading error codes and messages out of an answer's body without a JSON or XML parser.
//!
//! A parser would be a dependency, and would give up on a body that was cut off. All that is wanted
//! are the string values of a few well-known keys, wherever they stand.

/// Keys whose values name the kind of error: OpenAI, Anthropic, Google, AWS, OAuth, RFC 9457.
const CODE_KEYS: [&str; 7] = ["code", "type", "error", "reason", "status", "__type", "error_code"];

/// Keys whose values are written for people.
const MESSAGE_KEYS: [&str; 5] = ["message", "error_description", "detail", "error", "title"];

/// XML elements, as S3 and the AWS query protocol use them.
const XML_CODE: &str = "Code";
const XML_MESSAGE: &str = "Message";

/// What an error body says, in lower case where it is compared.
pub(super) struct Body {
    codes: Vec<String>,
    /// The whole text, lower case.
    text: String,
    message: String,
}

impl Body {
    pub(super) fn read(body: &str) -> Self {
        let mut codes: Vec<String> = Vec::new();
        for key in CODE_KEYS {
            codes.extend(json_strings(body, key).map(|value| code_of(&value)));
        }
        codes.extend(xml_text(body, XML_CODE).map(code_of));
        Body { codes, text: body.to_lowercase(), message: message_of(body) }
    }

    /// Whether a code of the answer is one of `known` (lower case).
    pub(super) fn has_code(&self, known: &[&str]) -> bool {
        self.codes.iter().any(|code| known.contains(&code.as_str()))
    }

    /// Whether the text contains one of `phrases` (lower case).
    pub(super) fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.text.contains(phrase))
    }

    pub(super) fn is_html(&self) -> bool {
        let text = self.text.trim_start();
        text.starts_with("<!doctype html") || text.starts_with("<html")
    }

    /// The sentence for people, or the body itself if it is neither JSON, XML nor HTML.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

/// A code as it is compared: lower case, without AWS's namespace (`com.amazonaws.x#Code`) and without
/// what the `x-amzn-errortype` header appends (`Code:http://…`).
pub(super) fn code_of(value: &str) -> String {
    let value = value.rsplit('#').next().unwrap_or(value);
    let value = value.split(':').next().unwrap_or(value);
    value.trim().to_ascii_lowercase()
}

fn message_of(body: &str) -> String {
    let found = MESSAGE_KEYS.iter().flat_map(|key| json_strings(body, key)).find(|message| !message.is_empty());
    let found = found.or_else(|| xml_text(body, XML_MESSAGE).map(str::to_owned));
    match found {
        Some(message) => message,
        None => match body.trim_start().chars().next() {
            // Markup or data without a message: nothing a person would want to read.
            Some('{') | Some('[') | Some('<') | None => String::new(),
            _ => body.to_owned(),
        },
    }
}

/// The string values of `"key": "value"` pairs, unescaped.
fn json_strings<'b>(body: &'b str, key: &'b str) -> impl Iterator<Item = String> + 'b {
    let mut rest = body;
    std::iter::from_fn(move || loop {
        let at = rest.find(key)?;
        let before = &rest[..at];
        let after = &rest[at + key.len()..];
        rest = after;
        if !before.ends_with('"') {
            continue;
        }
        let value = after
            .strip_prefix('"')
            .and_then(|text| text.trim_start().strip_prefix(':'))
            .and_then(|text| text.trim_start().strip_prefix('"'));
        if let Some(value) = value {
            return Some(unescape(value));
        }
    })
}

/// The JSON string that `text` starts with, up to its closing quote or the end of a cut-off body.
fn unescape(text: &str) -> String {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') | Some('r') | Some('t') => value.push(' '),
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let c = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                    value.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Some(c) => value.push(c),
                None => break,
            },
            c => value.push(c),
        }
    }
    value
}

/// The text of the first `<element>…</element>`.
fn xml_text<'b>(body: &'b str, element: &str) -> Option<&'b str> {
    let (_, rest) = body.split_once(&format!("<{}>", element))?;
    let (text, _) = rest.split_once("</")?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_wherever_providers_put_them() {
        let cases = [
            (r#"{"error":{"code":"invalid_api_key","type":"x"}}"#, "invalid_api_key"),
            (r#"{"type":"error","error":{"type":"authentication_error"}}"#, "authentication_error"),
            (r#"{"error" : "invalid_grant"}"#, "invalid_grant"),
            (r#"{"error":{"status":"UNAUTHENTICATED","code":401}}"#, "unauthenticated"),
            (r#"{"__type":"com.amazonaws.dynamodb.v20120810#ExpiredTokenException"}"#, "expiredtokenexception"),
            ("<Error><Code>ExpiredToken</Code><Message>x</Message></Error>", "expiredtoken"),
            (r#"{"a":"code","code":"b"}"#, "b"),
        ];
        for (body, code) in cases {
            assert!(Body::read(body).has_code(&[code]), "{}", body);
        }
    }

    #[test]
    fn a_word_in_a_sentence_is_no_code() {
        let body = Body::read(r#"{"message":"the code \"invalid_api_key\" means that"}"#);
        assert!(!body.has_code(&["invalid_api_key"]));
    }

    #[test]
    fn the_message_is_the_sentence_for_people() {
        let cases = [
            (r#"{"error":{"message":"Wrong \"key\"\u0021","code":"x"}}"#, "Wrong \"key\"!"),
            (r#"{"error":"invalid_grant","error_description":"Token gone"}"#, "Token gone"),
            (r#"{"error":"invalid_grant"}"#, "invalid_grant"),
            ("<Error><Code>A</Code><Message>Stale</Message></Error>", "Stale"),
            ("plain text", "plain text"),
            (r#"{"message":"cut o"#, "cut o"),
            ("<html><body>403</body></html>", ""),
            ("{}", ""),
            ("", ""),
        ];
        for (body, message) in cases {
            assert_eq!(Body::read(body).message(), message, "{}", body);
        }
    }

    #[test]
    fn no_body_makes_it_panic() {
        for body in ["\"code\"", "\"code\":", "\"code\":\"", "\"code\":\"\\", "\"code\":\"\\u12", "é\"code\":\"é\\ué"]
        {
            let _ = Body::read(body);
        }
    }
}
