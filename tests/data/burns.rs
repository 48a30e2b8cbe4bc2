pub async fn call(client: &reqwest::Client, api_key: &str) -> Result<String, reqwest::Error> {
    let mut delay = std::time::Duration::from_secs(1);
    for attempt in 0..5 {
        let url = "https://api.example.com/v1/models";
        let sent = client.get(url).bearer_auth(api_key).send().await;
        match sent.and_then(|response| response.error_for_status()) {
            Ok(response) => return response.text().await,
            Err(error) if attempt == 4 => return Err(error),
            Err(_) => tokio::time::sleep(delay).await,
        }
        delay *= 2;
    }
    unreachable!("the last attempt returns")
}
