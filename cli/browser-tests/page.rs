//! The inspector's page, as its user sees it.

#![cfg(test)]

mod harness;

use harness::{Cable, Listen, Page};
use serde_json::{Value, json};
use thirtyfour::prelude::*;

/// The parcel of the sample `delivered`, as it was when it had its first `scans` checkpoints.
fn snapshot(scans: usize) -> Vec<u8> {
    let delivered = include_bytes!("../samples/delivered.json");
    let mut event: Value = serde_json::from_slice(delivered).unwrap();
    let parcel = event["data"].as_object_mut().unwrap();
    parcel.remove("update_at");
    parcel.remove("latest_checkpoint_time");
    let mut newest = Value::Null;
    // The leg of destination begins with the last scan of the leg of origin.
    for (leg, scans) in [
        ("origin_info", scans.min(3)),
        ("destination_info", (scans + 1).saturating_sub(3)),
    ] {
        let leg = parcel[leg].as_object_mut().unwrap();
        leg.remove("milestone_date");
        let list = leg["trackinfo"].as_array_mut().unwrap();
        list.drain(..list.len() - scans);
        newest = list.first().cloned().unwrap_or(newest);
    }
    for (name, from) in [
        ("delivery_status", "checkpoint_delivery_status"),
        ("substatus", "checkpoint_delivery_substatus"),
        ("latest_event", "tracking_detail"),
    ] {
        parcel.insert(name.to_owned(), newest[from].clone());
    }
    event.to_string().into_bytes()
}

/// A parcel's life among others, and what goes wrong.
fn send_a_day(listen: &mut Listen) {
    listen.send(&["--status", "pending"]);
    listen.send_body(&snapshot(1), &[]);
    listen.send(&["--status", "exception", "--scheme", "body"]);
    listen.send(&["--status", "undelivered", "--age", "20d"]);
    listen.send_body(&snapshot(4), &[]);
    listen.send(&["--status", "expired"]);
    listen.send(&["--status", "delivered"]);
    listen.send(&["--status", "delivered"]);
    listen.line_with(&["←", "#8"]);
}

#[tokio::test]
async fn what_arrives_is_listed_explained_and_drawn() {
    let behind = Listen::start(&["--path", "/hooks"]);
    let mut listen = Listen::start(&["--inspect", "127.0.0.1:0", "--replay-to", &behind.url]);
    let page = Page::open(&listen.inspect).await;
    let empty = page.until("#empty", "Waiting for the first delivery").await;
    assert!(
        empty.contains(&format!("trackingmore-webhook send {}", listen.url)),
        "{empty}"
    );
    page.until("#state", "live").await;
    page.screenshot("empty.png").await;

    send_a_day(&mut listen);
    page.until(".rows", "LX405512801SE").await;
    let rows = page.text(".rows").await;
    // Newest first.
    assert!(rows.starts_with("RB550418207HK\n"), "{rows}");
    assert_eq!(rows.matches("accepted · 200").count(), 7, "{rows}");
    assert_eq!(rows.matches("refused · 401").count(), 1, "{rows}");
    assert_eq!(rows.matches("↻ repeat").count(), 1, "{rows}");

    page.choose(7).await;
    let detail = page.text("#detail").await;
    for part in [
        "New: status transit → delivered, 3 new checkpoints",
        "compared with what was known after #5",
        "Arrived in the country of destination",
        "The signature of the timestamp is valid",
        "secret 1 of 1",
        "The body is not authenticated",
        "b23e2c9a3b74ca2d20f252066ae3728df4fcd7d538b0728cd9db9efb4bdebbcb",
        "•••••••• (64 characters)",
        "The signature stays valid here until ",
    ] {
        assert!(detail.contains(part), "{part} {detail}");
    }
    let count = async |selector: &str| {
        let script = format!(
            "return document.querySelectorAll({}).length",
            json!(selector)
        );
        page.run(&script).await.as_u64().unwrap()
    };
    assert_eq!(count(".timeline .lane").await, 2);
    assert_eq!(count(".timeline .mark").await, 7);
    assert_eq!(count(".history li").await, 7);
    assert_eq!(count(".timeline .new").await, 3);
    assert_eq!(count(".history .tag").await, 3);
    page.screenshot("parcel.png").await;
    page.scheme("dark").await;
    page.screenshot("parcel-dark.png").await;

    page.choose(4).await;
    let detail = page.text("#detail").await;
    for part in [
        "stale_timestamp",
        "Timestamp is too old.",
        "14d more than the 6d allowed",
        "Check both clocks.",
        "timestamp form, body form, with 1 secret",
        "20 d ago",
    ] {
        assert!(detail.contains(part), "{part} {detail}");
    }
    page.screenshot("refused-dark.png").await;
    page.scheme("light").await;
    page.screenshot("refused.png").await;
    page.size(1280, 2400).await;
    page.choose(7).await;
    page.screenshot("whole.png").await;
    page.close().await;
}

#[tokio::test]
async fn it_is_used_by_keyboard_and_filtered() {
    let mut behind = Listen::start(&["--path", "/hooks"]);
    let mut listen = Listen::start(&["--inspect", "127.0.0.1:0", "--replay-to", &behind.url]);
    send_a_day(&mut listen);
    let page = Page::open(&listen.inspect).await;
    page.until(".rows", "LX405512801SE").await;

    page.press(Key::Down).await;
    page.until_shown(8).await;
    page.press(Key::Down).await;
    page.until_shown(7).await;
    // The one that is chosen is sent, also before it is shown.
    page.press(Key::Up).await;
    page.press("r").await;
    page.until_shown(8).await;
    page.until(".answers", "byte for byte, 4509 bytes: 200")
        .await;
    behind.line_with(&["accepted RB550418207HK"]);

    page.press("/").await;
    page.press("undelivered").await;
    page.until("#empty", "Nothing matches").await;
    page.set("#text", "#4").await;
    page.until_rows(1).await;
    page.press(Key::Down).await;
    page.until("#detail", "Why it was refused").await;
    page.set("#text", "").await;
    page.until_rows(8).await;
    for (id, value, only) in [
        ("#verdict", "refused", "stale_timestamp"),
        ("#status", "expired", "expired"),
    ] {
        page.set(id, value).await;
        page.until_rows(1).await;
        page.until(".rows", only).await;
        page.set(id, "").await;
        page.until_rows(8).await;
    }
    page.press(Key::Escape).await;
    page.until("#detail", "Choose a request").await;
    page.close().await;
}

#[tokio::test]
async fn a_test_delivery_and_an_edited_one_are_sent_from_the_page() {
    let mut behind = Listen::start(&["--path", "/hooks"]);
    let mut listen = Listen::start(&["--inspect", "127.0.0.1:0", "--replay-to", &behind.url]);
    let page = Page::open(&listen.inspect).await;
    page.until("#state", "live").await;
    page.set("#send-status", "exception").await;
    page.button("Send test delivery").await;
    page.until("#send-answer", "✓ 200").await;
    listen.line_with(&["accepted RB550418208HK", "exception"]);

    page.choose(1).await;
    page.button("Edit the body").await;
    let edited = page.run("return document.querySelector('textarea').value");
    let edited = edited.await.as_str().unwrap().to_owned();
    page.set("textarea", &edited.replace("RB550418208HK", "EDITED1"))
        .await;
    page.run("document.querySelector('.check input').click()")
        .await;
    page.button("Send again").await;
    page.until(".answers", "edited, with a new signature, ")
        .await;
    behind.line_with(&["accepted EDITED1"]);

    page.button("Show signatures").await;
    page.until("#detail", "Mask signatures").await;
    assert!(!page.text("#detail").await.contains("••••"));
    page.button("Show exact text").await;
    page.until("#detail pre", r#"{"code":200,"message""#).await;
    page.close().await;
}

#[tokio::test]
async fn a_delivery_full_of_markup_is_text() {
    let mut listen = Listen::start(&["--inspect", "127.0.0.1:0"]);
    let page = Page::open(&listen.inspect).await;
    let markup = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\
                  </pre><svg onload=alert(1)>\u{202e}\u{200b}\u{1b}[2J{{7*7}}";
    let body = json!({"data": {
        "tracking_number": markup, "courier_code": markup, "delivery_status": markup,
        "substatus": markup, "latest_event": markup, "title": markup, markup: markup,
        "origin_info": {"courier_code": markup, "trackinfo": [
            {"checkpoint_date": markup, "tracking_detail": markup, "location": markup,
             "checkpoint_delivery_status": markup},
        ]},
    }});
    listen.send_body(body.to_string().as_bytes(), &["--scheme", "body"]);
    listen.line_with(&["←", "#1"]);
    page.choose(1).await;
    page.run("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
        .await;
    let detail = page.text("#detail").await;
    assert!(detail.contains("<img src=x onerror="), "{detail}");
    assert!(detail.contains("\\u{202e}\\u{200b}\\u{1b}[2J"), "{detail}");
    for hidden in ['\u{202e}', '\u{200b}', '\u{1b}'] {
        let all = page
            .run("return document.documentElement.textContent")
            .await;
        assert!(!all.as_str().unwrap().contains(hidden));
    }
    assert_eq!(
        page.run(
            "return document.querySelectorAll('img, main script, [onload], [onerror]').length"
        )
        .await,
        0
    );
    assert_eq!(page.driver.title().await.unwrap(), "Webhook inspector");
    // The policy would forbid it even where the page made a mistake.
    let refused = page.run("try { document.body.innerHTML = '<b>'; return 'set' } catch (error) { return error.name }").await;
    assert_eq!(refused, "TypeError");
    page.screenshot("hostile.png").await;
    page.size(360, 740).await;
    let too_wide = page
        .run("return document.documentElement.scrollWidth > 360")
        .await;
    assert_eq!(too_wide, false);
    page.close().await;
}

#[tokio::test]
async fn a_body_that_parsing_would_change_is_shown_as_it_is() {
    let mut listen = Listen::start(&["--inspect", "127.0.0.1:0"]);
    let page = Page::open(&listen.inspect).await;
    listen.send_body(
        br#"{"data":{"tracking_number":"A","tracking_number":"A","n":1e400,"e":{},"t":"a\"b:[c"}}"#,
        &["--scheme", "body"],
    );
    listen.line_with(&["←", "#1"]);
    page.choose(1).await;
    let shown = "{\n  \"data\": {\n    \"tracking_number\": \"A\",\n    \"tracking_number\": \"A\",\n    \
                 \"n\": 1e400,\n    \"e\": {},\n    \"t\": \"a\\\"b:[c\"\n  }\n}";
    assert_eq!(page.text("#detail pre").await, shown);
    page.close().await;
}

#[tokio::test]
async fn it_fits_a_narrow_screen() {
    let mut listen = Listen::start(&["--inspect", "127.0.0.1:0"]);
    let page = Page::open(&listen.inspect).await;
    page.size(360, 740).await;
    send_a_day(&mut listen);
    page.until(".rows", "LX405512801SE").await;
    let fits = "return document.documentElement.scrollWidth <= 360";
    assert_eq!(page.run(fits).await, true);
    page.screenshot("narrow-list.png").await;
    for number in [4, 7] {
        page.choose(number).await;
        assert_eq!(page.run(fits).await, true);
        page.screenshot(&format!("narrow-{number}.png")).await;
        page.button("All requests").await;
        page.until(".rows", "LX405512801SE").await;
    }
    page.scheme("dark").await;
    page.choose(7).await;
    page.run("document.querySelector('.timeline').scrollIntoView()")
        .await;
    page.screenshot("narrow-timeline.png").await;
    page.close().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_again_and_again_loses_nothing() {
    let cable = Cable::new().await;
    let mut listen = Listen::start(&["--inspect", &cable.far()]);
    let page = Page::open(&cable.near(&listen.inspect)).await;
    page.until("#state", "live").await;
    for number in 1..=30 {
        listen.send(&["--set", &format!("tracking_number=CUT{number:02}")]);
        if number % 3 == 0 {
            cable.cut();
        }
    }
    listen.line_with(&["←", "#30"]);
    page.until(".rows", "CUT30").await;
    let rows = page
        .run("return [...document.querySelectorAll('.row b')].map((it) => it.textContent)")
        .await;
    let expected: Vec<_> = (1..=30)
        .rev()
        .map(|number| format!("CUT{number:02}"))
        .collect();
    assert_eq!(rows, json!(expected));
    assert_eq!(page.text("#missed:not([hidden])").await, "");

    // One that is dead without being closed is noticed, and taken up again.
    cable.kill();
    page.until("#state", "disconnected").await;
    listen.send(&["--set", "tracking_number=LATER"]);
    cable.cut();
    page.until("#state", "live").await;
    page.until(".rows", "LATER").await;

    listen.kill();
    page.until("#state", "disconnected").await;
    page.close().await;
}

#[tokio::test]
async fn a_page_that_missed_requests_says_how_many() {
    let cable = Cable::new().await;
    let mut listen = Listen::start(&["--inspect", &cable.far()]);
    let page = Page::open(&cable.near(&listen.inspect)).await;
    listen.send(&["--set", "tracking_number=FIRST"]);
    page.until(".rows", "FIRST").await;
    cable.kill();
    page.until("#state", "disconnected").await;
    listen.send(&["--count", "3000", "--concurrency", "4"]);
    listen.line_with(&["←", "#3001"]);
    cable.cut();
    page.until("#missed:not([hidden])", "2600 requests are not shown")
        .await;
    page.until_rows(400).await;
    page.close().await;
}
