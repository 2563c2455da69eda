//! The statements that both databases share, in a notation that each turns into its dialect:
//!
//! - `@parcel`: one of the inbox's tables
//! - `AT($1)`: the moment of an [`Arg::In`](super::Arg::In)
//! - `IN INTS($1)`, `IN TEXTS($1)`: among the items of a list
//! - `LIST(column)`: the column of all rows of a group, as a JSON array
//! - `ROWS($1)`: the rows of a JSON array of arrays, whose columns are `value->>0` and so on
//! - `LOCKING`: locking the rows that are read
//! - `NOT LOCKED`: the same, leaving out rows that another transaction has locked

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $text:literal;)*) => {
        /// The statements in one dialect.
        #[derive(Debug)]
        pub struct Statements {
            $($(#[$doc])* pub $name: &'static str,)*
        }

        impl Statements {
            /// Translates all statements. They are kept for the life of the process, so this is
            /// done once for each database.
            pub(super) fn in_dialect(translate: impl Fn(&str) -> String) -> Self {
                Self { $($name: translate($text).leak(),)* }
            }
        }
    };
}

statements! {
    /// → version
    version: "SELECT version FROM @schema";
    forget_version: "DELETE FROM @schema";
    /// version
    set_version: "INSERT INTO @schema (version) VALUES ($1)";

    // Routing.

    /// → a row, unless another process is routing
    route_alone: "SELECT CAST(1 AS BIGINT) WHERE IF_FREE(7810110005021123)";
    /// after, limit → seq, size of the names in it
    next_fresh: "SELECT seq, CAST(length(parcels) AS BIGINT) FROM @fresh JOIN @delivery USING (seq)
        WHERE seq > $1 ORDER BY seq LIMIT $2";
    /// seqs → seq, account, received_at, parcels
    fresh: "SELECT seq, account, received_at, parcels FROM @delivery
        WHERE seq IN INTS($1) ORDER BY seq";
    /// tracking numbers → id, account, tracking_number, courier
    parcels_of: "SELECT id, account, tracking_number, courier FROM @parcel
        WHERE tracking_number IN TEXTS($1) ORDER BY id";
    /// ids → id
    lock_parcels: "SELECT id FROM @parcel WHERE id IN INTS($1) ORDER BY id NOT LOCKED";
    /// rows of account, tracking number, courier → id, account, tracking_number, courier
    add_parcels: "INSERT INTO @parcel (account, tracking_number, courier)
        SELECT value->>0, value->>1, value->>2 FROM ROWS($1) WHERE true
        RETURNING id, account, tracking_number, courier";
    /// id, courier
    name_courier: "UPDATE @parcel SET courier = $2 WHERE id = $1";
    /// rows of seq, position, parcel
    add_news: "INSERT INTO @news (seq, position, parcel)
        SELECT CAST(value->>0 AS BIGINT), CAST(value->>1 AS BIGINT), CAST(value->>2 AS BIGINT)
        FROM ROWS($1) WHERE true";
    /// rows of parcel, count, first arrival, last arrival; now
    announce: "UPDATE @parcel SET
            news = news + added.more,
            last_delivery = CASE WHEN last_delivery < latest THEN latest ELSE last_delivery END,
            state = CASE WHEN state IN (0, 3) THEN 1 ELSE state END,
            due = CASE WHEN state IN (0, 3) THEN AT($2) ELSE due END,
            since = CASE WHEN state IN (0, 3) THEN added.earliest ELSE since END,
            attempt = CASE WHEN state IN (0, 3) THEN 0 ELSE attempt END
        FROM (SELECT CAST(value->>0 AS BIGINT) AS parcel, CAST(value->>1 AS BIGINT) AS more,
                CAST(value->>2 AS BIGINT) AS earliest, CAST(value->>3 AS BIGINT) AS latest
            FROM ROWS($1)) AS added
        WHERE id = added.parcel";
    /// seqs
    routed: "DELETE FROM @fresh WHERE seq IN INTS($1)";
    /// keys → key
    forgotten: "SELECT key FROM @forgotten WHERE key IN TEXTS($1)";

    // Claiming.

    /// now, alone, limit, lease → id, account, claim, attempt, news
    claim: "WITH ready AS MATERIALIZED (SELECT id FROM @parcel
            WHERE state <> 0 AND state = 1 AND alone = $2 AND due <= AT($1)
            ORDER BY due LIMIT $3 NOT LOCKED)
        UPDATE @parcel SET state = 2, due = AT($4), claim = claim + 1, attempt = attempt + 1
        WHERE id IN (SELECT id FROM ready)
        RETURNING id, account, claim, attempt, news";
    /// ids → parcel, tracking
    known: "SELECT parcel, tracking FROM @known WHERE parcel IN INTS($1)";
    /// ids, most of each → parcel, seq, positions, id, received_at, body
    first_news: "SELECT parcel, seq, positions, id, received_at, body
        FROM (SELECT parcel, seq, LIST(position) AS positions,
                row_number() OVER (PARTITION BY parcel ORDER BY seq) AS nth
            FROM @news WHERE parcel IN INTS($1) AND outcome = 0 GROUP BY parcel, seq) AS waiting
        JOIN @delivery USING (seq) WHERE nth <= $2 ORDER BY parcel, seq";
    /// parcel, after, limit → parcel, seq, positions, id, received_at, body
    more_news: "SELECT parcel, seq, positions, id, received_at, body
        FROM (SELECT parcel, seq, LIST(position) AS positions
            FROM @news WHERE parcel = $1 AND outcome = 0 AND seq > $2
            GROUP BY parcel, seq ORDER BY seq LIMIT $3) AS waiting
        JOIN @delivery USING (seq) ORDER BY seq";
    /// now → 1 if a parcel that is to run alone is due
    alone_due: "SELECT CAST(1 AS BIGINT) FROM @parcel
        WHERE state <> 0 AND state = 1 AND alone AND due <= AT($1) LIMIT 1";
    /// until when, ids to leave out, limit → id, claim, attempt, alone
    expired: "SELECT id, claim, attempt, alone FROM @parcel
        WHERE state <> 0 AND state = 2 AND due <= AT($1) AND NOT id IN INTS($2)
        ORDER BY id LIMIT $3 NOT LOCKED";
    /// the longest delay
    bring_forward: "UPDATE @parcel SET due = AT($1)
        WHERE state <> 0 AND state = 1 AND due > AT($1)";
    /// rows of parcel, claim; lease
    renew: "UPDATE @parcel SET due = AT($2)
        WHERE id IN (SELECT id FROM @parcel
            JOIN (SELECT CAST(value->>0 AS BIGINT) AS mine, CAST(value->>1 AS BIGINT) AS number
                FROM ROWS($1)) AS held ON id = mine AND claim = number
            WHERE state = 2 NOT LOCKED)";

    // Marking. A statement that changes nothing has lost its parcel.

    /// parcel, claim, state, due, alone, error, news when it was claimed → id
    failed: "UPDATE @parcel SET
            state = CASE WHEN news > $7 THEN 1 ELSE $3 END,
            attempt = CASE WHEN $3 = 3 AND news > $7 THEN 0 ELSE attempt END,
            due = AT($4), alone = $5, error = $6
        WHERE id = $1 AND claim = $2 AND state = 2 RETURNING id";
    /// parcel, claim, deliveries taken; now → state
    done: "UPDATE @parcel SET state = CASE WHEN news > $3 THEN 1 ELSE 0 END,
            news = news - $3, due = AT($4), since = AT($4), alone = FALSE, attempt = 0, error = NULL
        WHERE id = $1 AND claim = $2 AND state = 2 RETURNING state";
    /// parcel, seqs, outcome
    settle: "UPDATE @news SET outcome = $3 WHERE parcel = $1 AND outcome = 0 AND seq IN INTS($2)";
    /// parcel, tracking
    know: "INSERT INTO @known (parcel, tracking) VALUES ($1, $2)
        ON CONFLICT (parcel) DO UPDATE SET tracking = excluded.tracking";

    // Inspecting, and acting on what is found.

    /// whether to count what is stored → waiting, running, dead, unread, stored, oldest arrival,
    /// oldest arrival of what is not routed, parcels of what is not routed and that do not wait
    /// already. One statement, as a delivery must not be seen on neither side of its routing.
    stats: "SELECT
            (SELECT count(*) FROM @parcel WHERE state <> 0 AND state = 1),
            (SELECT count(*) FROM @parcel WHERE state <> 0 AND state = 2),
            (SELECT count(*) FROM @parcel WHERE state <> 0 AND state = 3),
            (SELECT count(*) FROM @delivery WHERE unread),
            CASE WHEN $1 THEN (SELECT count(*) FROM @delivery) ELSE 0 END,
            (SELECT min(since) FROM @parcel WHERE state <> 0 AND state IN (1, 2)),
            (SELECT min(received_at) FROM @fresh JOIN @delivery USING (seq)),
            (SELECT count(*) FROM (SELECT DISTINCT account, parcels
                    FROM @fresh JOIN @delivery USING (seq)) AS fresh
                WHERE NOT EXISTS (SELECT 1 FROM ROWS(fresh.parcels) JOIN @parcel AS parcel
                    ON tracking_number = value->>0
                    WHERE parcel.account = fresh.account AND state = 1))";
    /// limit → account, tracking_number, courier, attempt, error, last_delivery
    dead: "SELECT account, tracking_number, courier, attempt, error, last_delivery FROM @parcel
        WHERE state <> 0 AND state = 3 ORDER BY last_delivery LIMIT $1";
    /// account, tracking number → id
    retry: "UPDATE @parcel SET state = 1, attempt = 0, due = 0
        WHERE account = $1 AND tracking_number = $2 AND state = 3 RETURNING id";
    /// → id
    retry_dead: "UPDATE @parcel SET state = 1, attempt = 0, due = 0
        WHERE state <> 0 AND state = 3 RETURNING id";
    /// account, tracking number, limit → id, received_at, courier, outcome, has a body
    history: "SELECT delivery.id, received_at, courier, outcome, body IS NOT NULL
        FROM @parcel AS parcel JOIN @news AS news ON news.parcel = parcel.id
        JOIN @delivery AS delivery USING (seq)
        WHERE parcel.account = $1 AND tracking_number = $2 ORDER BY seq DESC, position LIMIT $3";
    /// account, id → body
    body: "SELECT body FROM @delivery WHERE account = $1 AND id = $2 AND body IS NOT NULL";
    /// after, limit → seq, account, id, received_at, body
    unread: "SELECT seq, account, id, received_at, body FROM @delivery
        WHERE unread AND seq > $1 ORDER BY seq LIMIT $2";
    /// seq, parcels
    read: "UPDATE @delivery SET unread = FALSE, parcels = $2 WHERE seq = $1 AND unread RETURNING seq";
    /// seq
    add_fresh: "INSERT INTO @fresh (seq) VALUES ($1)";

    // Forgetting.

    /// → a row, once no process is routing
    stop_routing: "SELECT CAST(1 AS BIGINT) WHERE WHEN_FREE(7810110005021123)";

    /// account, tracking number → id
    parcels_named: "SELECT id FROM @parcel WHERE account = $1 AND tracking_number = $2
        ORDER BY id LOCKING";
    /// ids → seq
    deliveries_of: "SELECT DISTINCT seq FROM @news WHERE parcel IN INTS($1)";
    /// account, seq, limit → seq
    fresh_of: "SELECT seq FROM @fresh JOIN @delivery USING (seq)
        WHERE account = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    /// seq → parcels, body
    delivery: "SELECT parcels, body FROM @delivery WHERE seq = $1";
    /// seq, parcels, body
    rewrite: "UPDATE @delivery SET parcels = $2, body = $3 WHERE seq = $1";
    /// ids
    erase_news: "DELETE FROM @news WHERE parcel IN INTS($1)";
    /// ids
    erase_known: "DELETE FROM @known WHERE parcel IN INTS($1)";
    /// ids
    erase_parcels: "DELETE FROM @parcel WHERE id IN INTS($1)";
    /// key, now
    add_forgotten: "INSERT INTO @forgotten (key, forgotten_at) VALUES ($1, AT($2))
        ON CONFLICT (key) DO UPDATE SET forgotten_at = excluded.forgotten_at";

    // Retention.

    /// received before, limit → seq
    drop_bodies: "UPDATE @delivery SET body = NULL
        WHERE seq IN (SELECT seq FROM @delivery AS old
            WHERE body IS NOT NULL AND received_at < AT($1) AND NOT unread
                AND NOT EXISTS (SELECT 1 FROM @news AS news WHERE news.seq = old.seq AND outcome = 0)
                AND NOT EXISTS (SELECT 1 FROM @fresh AS fresh WHERE fresh.seq = old.seq)
            ORDER BY received_at LIMIT $2)
        RETURNING seq";
    /// after, limit, received before → seq, old, can be erased
    oldest_deliveries: "SELECT seq, received_at < AT($3),
            body IS NULL AND NOT unread
            AND NOT EXISTS (SELECT 1 FROM @news AS news WHERE news.seq = old.seq AND outcome = 0)
            AND NOT EXISTS (SELECT 1 FROM @fresh AS fresh WHERE fresh.seq = old.seq)
        FROM @delivery AS old WHERE seq > $1 ORDER BY seq LIMIT $2";
    /// received before, limit → seq
    drop_unread: "DELETE FROM @delivery WHERE seq IN (SELECT seq FROM @delivery
            WHERE unread AND received_at < AT($1) ORDER BY seq LIMIT $2)
        RETURNING seq";
    /// seqs
    drop_deliveries: "DELETE FROM @delivery WHERE seq IN INTS($1)";
    /// seqs
    drop_news: "DELETE FROM @news WHERE seq IN INTS($1)";
    /// last delivery before, limit → id. They stay locked, since one that is being routed to has
    /// news that must not be erased with it.
    old_parcels: "SELECT id FROM @parcel WHERE last_delivery < AT($1) AND state IN (0, 3)
        ORDER BY last_delivery LIMIT $2 NOT LOCKED";
    /// forgotten before, limit → key
    drop_forgotten: "DELETE FROM @forgotten WHERE key IN (SELECT key FROM @forgotten
            WHERE forgotten_at < AT($1) LIMIT $2)
        RETURNING key";
}
