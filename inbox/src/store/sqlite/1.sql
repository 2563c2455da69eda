-- Deliveries, each once. The body is what was sent, byte for byte; NULL when it was erased.
CREATE TABLE trackingmore_delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    id BLOB NOT NULL, -- SHA-256 of the body
    received_at INTEGER NOT NULL, -- milliseconds since 1970
    unread BOOLEAN NOT NULL, -- this version of the library could not read it
    parcels TEXT NOT NULL, -- JSON: [[tracking number, courier], ...]
    body BLOB,
    UNIQUE (account, id)
);
CREATE INDEX trackingmore_delivery_unread ON trackingmore_delivery (seq) WHERE unread;
CREATE INDEX trackingmore_delivery_body ON trackingmore_delivery (received_at) WHERE body IS NOT NULL;

-- Deliveries that have not been given to their parcels.
CREATE TABLE trackingmore_fresh (seq INTEGER PRIMARY KEY);

-- Parcels, with the state of their work: 0 idle, 1 waiting, 2 running, 3 dead.
CREATE TABLE trackingmore_parcel (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    tracking_number TEXT NOT NULL,
    courier TEXT NOT NULL, -- '' while none is known
    state INTEGER NOT NULL DEFAULT 0,
    alone BOOLEAN NOT NULL DEFAULT FALSE, -- ran when a process died, so it runs by itself
    due INTEGER NOT NULL DEFAULT 0, -- when to run it; of a running one, the end of its lease
    attempt INTEGER NOT NULL DEFAULT 0,
    claim INTEGER NOT NULL DEFAULT 0, -- goes up with each attempt, and never back
    news INTEGER NOT NULL DEFAULT 0, -- deliveries that wait or run
    since INTEGER NOT NULL DEFAULT 0, -- arrival of the oldest of them
    last_delivery INTEGER NOT NULL DEFAULT 0,
    error TEXT, -- of the last attempt
    UNIQUE (tracking_number, account, courier)
);
CREATE INDEX trackingmore_parcel_due ON trackingmore_parcel (state, alone, due) WHERE state <> 0;
CREATE INDEX trackingmore_parcel_last ON trackingmore_parcel (last_delivery);

-- The state of a parcel that was handled last, as JSON.
CREATE TABLE trackingmore_known (parcel INTEGER PRIMARY KEY, tracking TEXT NOT NULL);

-- Which delivery is about which parcel: 0 waits or runs, 1 handled, 2 superseded.
CREATE TABLE trackingmore_news (
    seq INTEGER NOT NULL,
    position INTEGER NOT NULL, -- within the body
    parcel INTEGER NOT NULL,
    outcome INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (seq, position)
) WITHOUT ROWID;
CREATE INDEX trackingmore_news_parcel ON trackingmore_news (parcel, outcome, seq);

-- SHA-256 of the parcels that were forgotten, so that what comes for them later is not kept.
CREATE TABLE trackingmore_forgotten (key TEXT PRIMARY KEY, forgotten_at INTEGER NOT NULL) WITHOUT ROWID;
