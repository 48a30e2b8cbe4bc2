pub mod time {
    pub async fn sleep(_: std::time::Duration) {}
}
