//! Deliveries of a realistic shape, in four sizes.

/// 4.6 KB, with five checkpoints in each leg.
const TEN_CHECKPOINTS: &str = include_str!("../../core/tests/data/events/ten_checkpoints.json");

const ONE_CHECKPOINT: &str = concat!(
    r#"{"code":200,"message":"Request response is successful","data":{"#,
    r#""tracking_number":"LX004217735CN","courier_code":"china-ems","order_number":null,"#,
    r#""update_at":"2024-03-14T16:02:44+00:00","delivery_status":"transit","updating":false,"#,
    r#""destination_country":"AT","origin_info":{"courier_code":"china-ems","trackinfo":["#,
    r#"{"checkpoint_date":"2024-03-07T21:40:00","checkpoint_delivery_status":"transit","#,
    r#""checkpoint_delivery_substatus":"transit007","tracking_detail":"Departed","#,
    r#""location":"Shenzhen","country_iso2":"CN","state":null}]}}}"#,
);

/// Returns each delivery with the name of its size.
pub fn all() -> [(&'static str, String); 4] {
    [
        ("0.5 KB", ONE_CHECKPOINT.to_owned()),
        ("4.6 KB", ten_checkpoints()),
        ("32 KB", with_checkpoints(120)),
        ("250 KB", with_checkpoints(1000)),
    ]
}

pub fn ten_checkpoints() -> String {
    TEN_CHECKPOINTS.to_owned()
}

/// Repeats the checkpoints of each leg until both legs together have `count`.
fn with_checkpoints(count: usize) -> String {
    const OPEN: &str = r#""trackinfo":["#;
    let mut pieces = TEN_CHECKPOINTS.split(OPEN);
    let mut delivery = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (checkpoints, rest) = piece
            .split_once(']')
            .expect("an array without arrays in it");
        let checkpoints = vec![checkpoints; count / 10].join(",");
        delivery.extend([OPEN, &checkpoints, "]", rest]);
    }
    delivery
}
