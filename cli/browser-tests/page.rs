//! The inspector's page, as its user sees it.

#![cfg(test)]

mod harness;

use harness::{Listen, Page};

#[tokio::test]
async fn screenshots() {
    let behind = Listen::start(&["--path", "/webhooks"]);
    let mut listen = Listen::start(&["--inspect", "127.0.0.1:0", "--replay-to", &behind.url]);
    let page = Page::open(&listen.inspect).await;
    page.until("#state", "live").await;
    page.screenshot("empty.png").await;
    listen.send(&["--status", "pending"]);
    listen.send(&["--status", "inforeceived", "--set", "tracking_number=RB550418207HK", "--set", "courier_code=hong-kong-post"]);
    listen.send(&["--status", "undelivered"]);
    listen.send(&["--status", "exception", "--scheme", "body"]);
    listen.send(&["--age", "20d"]);
    listen.send(&["--status", "transit", "--set", "tracking_number=RB550418207HK", "--set", "courier_code=hong-kong-post"]);
    listen.send(&["--status", "expired"]);
    listen.send(&["--status", "delivered"]);
    listen.send(&["--status", "delivered"]);
    listen.line_with(&["←", "#9"]);
    page.choose("RB550418207HK").await;
    page.screenshot("parcel.png").await;
    page.scheme("dark").await;
    page.screenshot("parcel-dark.png").await;
    page.choose("stale_timestamp").await;
    page.screenshot("refused-dark.png").await;
    page.scheme("light").await;
    page.screenshot("refused.png").await;
    page.size(360, 740).await;
    page.screenshot("narrow-refused.png").await;
    page.button("All requests").await;
    page.screenshot("narrow-list.png").await;
    page.choose("RB550418207HK").await;
    page.screenshot("narrow-parcel.png").await;
    page.run("document.querySelector('.timeline').scrollIntoView()").await;
    page.screenshot("narrow-timeline.png").await;
    page.size(1280, 2600).await;
    page.screenshot("whole.png").await;
    page.close().await;
}
