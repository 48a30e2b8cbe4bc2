pub struct Client;
pub struct RequestBuilder;
pub struct Response;
#[derive(Debug)]
pub struct Error;
pub struct StatusCode;
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("refused")
    }
}
impl Error {
    pub fn status(&self) -> Option<StatusCode> {
        None
    }
}
impl StatusCode {
    pub fn as_u16(&self) -> u16 {
        401
    }
}
impl Client {
    pub fn get(&self, _: &str) -> RequestBuilder {
        RequestBuilder
    }
}
impl RequestBuilder {
    pub fn bearer_auth(self, _: &str) -> Self {
        self
    }
    pub async fn send(self) -> Result<Response, Error> {
        Ok(Response)
    }
}
impl Response {
    pub fn error_for_status(self) -> Result<Self, Error> {
        Ok(self)
    }
    pub async fn text(self) -> Result<String, Error> {
        Ok(String::new())
    }
}
