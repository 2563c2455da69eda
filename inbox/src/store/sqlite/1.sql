-- A row for each delivery. `body` has the bytes that were sent, or NULL once they are erased.
CREATE TABLE trackingmore_delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    id BLOB NOT NULL, -- SHA-256 of the body
    received_at INTEGER NOT NULL, -- milliseconds since 1970
    unread BOOLEAN NOT NULL, -- whether it could not be parsed as events
    parcels TEXT NOT NULL, -- JSON: [[tracking number, courier], ...]
    body BLOB,
    UNIQUE (account, id)
);
CREATE INDEX trackingmore_delivery_unread ON trackingmore_delivery (seq) WHERE unread;
CREATE INDEX trackingmore_delivery_body ON trackingmore_delivery (received_at) WHERE body IS NOT NULL;

-- Deliveries that no worker has assigned to their parcels yet.
CREATE TABLE trackingmore_fresh (seq INTEGER PRIMARY KEY);

-- A row for each parcel. `state` is 0 idle, 1 waiting, 2 running, 3 dead.
CREATE TABLE trackingmore_parcel (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    tracking_number TEXT NOT NULL,
    courier TEXT NOT NULL, -- '' while none is known
    state INTEGER NOT NULL DEFAULT 0,
    alone BOOLEAN NOT NULL DEFAULT FALSE, -- it ran when its process died, so it is retried alone
    due INTEGER NOT NULL DEFAULT 0, -- when to run it, or the end of the lease if it is running
    attempt INTEGER NOT NULL DEFAULT 0,
    claim INTEGER NOT NULL DEFAULT 0, -- incremented by each attempt, and never reset
    news INTEGER NOT NULL DEFAULT 0, -- how many deliveries are not handled yet
    since INTEGER NOT NULL DEFAULT 0, -- when the oldest of them arrived
    last_delivery INTEGER NOT NULL DEFAULT 0,
    error TEXT, -- of the last attempt
    UNIQUE (tracking_number, account, courier)
);
CREATE INDEX trackingmore_parcel_due ON trackingmore_parcel (state, alone, due) WHERE state <> 0;
CREATE INDEX trackingmore_parcel_last ON trackingmore_parcel (last_delivery);

-- The last state of each parcel that was handled, as JSON.
CREATE TABLE trackingmore_known (parcel INTEGER PRIMARY KEY, tracking TEXT NOT NULL);

-- Which delivery is about which parcel. `outcome` is 0 not handled yet, 1 handled, 2 superseded.
CREATE TABLE trackingmore_news (
    seq INTEGER NOT NULL,
    position INTEGER NOT NULL, -- index of the parcel in the body
    parcel INTEGER NOT NULL,
    outcome INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (seq, position)
) WITHOUT ROWID;
CREATE INDEX trackingmore_news_parcel ON trackingmore_news (parcel, outcome, seq);

-- SHA-256 of each forgotten parcel, so that later deliveries about it are not kept.
CREATE TABLE trackingmore_forgotten (key TEXT PRIMARY KEY, forgotten_at INTEGER NOT NULL) WITHOUT ROWID;
