use trackingmore_webhook::{Event, VerifiedBody};
use trackingmore_webhook_inbox::{
    BoxError, Done, Job, PgInbox,
    sqlx::{self, AssertSqlSafe, PgPool, postgres::PgPoolOptions},
};

use super::{
    NUMBER,
    database::{Content, Database, now},
    server::Server,
};
use crate::deliveries;

/// A database with an inbox in it, and tables for the code by hand.
#[derive(Clone)]
pub struct Postgres {
    inbox: PgInbox,
    pool: PgPool,
}

impl Postgres {
    pub async fn new(server: &Server) -> Self {
        let pool = PgPoolOptions::new().max_connections(16);
        let pool = pool.connect_lazy_with(server.new_database().await);
        let inbox = PgInbox::new(pool.clone()).await.expect("a server");
        let tables = "CREATE TABLE effect (tracking_number text, status text);
            CREATE TABLE delivery (
                seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                id bytea NOT NULL UNIQUE,
                received_at bigint NOT NULL,
                state bigint NOT NULL DEFAULT 0,
                body bytea NOT NULL
            );
            CREATE INDEX waiting ON delivery (seq) WHERE state = 0;";
        sqlx::raw_sql(tables).execute(&pool).await.unwrap();
        Self { inbox, pool }
    }
}

impl Database for Postgres {
    type Engine = sqlx::Postgres;

    const NAME: &str = "PostgreSQL";
    const BY_HAND: &str = "an INSERT each, pool of 16";

    fn inbox(&self) -> &PgInbox {
        &self.inbox
    }

    async fn store(&self, body: VerifiedBody) {
        sqlx::query(
            "INSERT INTO delivery (id, received_at, body) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING",
        )
        .bind(body.id().as_bytes().as_slice())
        .bind(now())
        .bind(&body.bytes()[..])
        .execute(&self.pool)
        .await
        .unwrap();
    }

    async fn handle(job: Job<sqlx::Postgres>) -> Result<Done, BoxError> {
        let tracking = job.update().tracking().clone();
        let mut tx = job.begin().await?;
        sqlx::query("INSERT INTO effect (tracking_number, status) VALUES ($1, $2)")
            .bind(tracking.tracking_number)
            .bind(tracking.delivery_status.map(|status| status.to_string()))
            .execute(&mut *tx)
            .await?;
        Ok(job.done_in(tx).await?)
    }

    async fn handle_by_hand(&self) {
        let (seq, body): (i64, Vec<u8>) = sqlx::query_as(
            "UPDATE delivery SET state = 1
            WHERE seq = (SELECT seq FROM delivery WHERE state = 0 ORDER BY seq LIMIT 1
                FOR UPDATE SKIP LOCKED)
            RETURNING seq, body",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap();
        let event: Event = serde_json::from_slice(&body).unwrap();
        let tracking = event.tracking;
        let mut tx = self.pool.begin().await.unwrap();
        sqlx::query("INSERT INTO effect (tracking_number, status) VALUES ($1, $2)")
            .bind(tracking.tracking_number)
            .bind(tracking.delivery_status.map(|status| status.to_string()))
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query("UPDATE delivery SET state = 2 WHERE seq = $1")
            .bind(seq)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    async fn fill(&self, count: u64, content: Content) {
        let last: i64 = sqlx::query_scalar(
            "SELECT greatest((SELECT max(seq) FROM trackingmore.delivery),
                (SELECT max(id) FROM trackingmore.parcel), 0)",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap();
        let script = format!(
            "CREATE TEMP TABLE filling ON COMMIT DROP AS SELECT seq, 'FILL' || seq AS number
            FROM generate_series({last}::bigint + 1, {last} + {count}) AS seq;
            INSERT INTO trackingmore.delivery
                (seq, account, id, received_at, unread, parcels, body)
            SELECT seq, '', sha256(number::bytea), {at}, FALSE,
                json_build_array(json_build_array(number, 'china-ems'))::text,
                convert_to(replace('{body}', '{NUMBER}', number), 'UTF8') FROM filling;
            INSERT INTO trackingmore.parcel
                (id, account, tracking_number, courier, state, news, since, last_delivery)
            OVERRIDING SYSTEM VALUE
            SELECT seq, '', number, 'china-ems', {waiting}, {waiting}, {at}, {at} FROM filling;
            INSERT INTO trackingmore.news (seq, position, parcel, outcome)
            SELECT seq, 0, seq, 1 - {waiting} FROM filling;
            SELECT setval(pg_get_serial_sequence(name, key), {last} + {count})
            FROM (VALUES ('trackingmore.delivery', 'seq'), ('trackingmore.parcel', 'id'))
                AS sequence (name, key);",
            at = content.received_at(),
            waiting = i32::from(content == Content::Waiting),
            body = deliveries::ten_checkpoints().replace('\'', "''"),
        );
        // The server would do the rest by itself after a while.
        let vacuum = "VACUUM ANALYZE trackingmore.delivery, trackingmore.parcel, trackingmore.news"
            .to_owned();
        for sql in [script, vacuum, "CHECKPOINT".to_owned()] {
            let sql = sqlx::raw_sql(AssertSqlSafe(sql));
            sql.execute(&self.pool).await.unwrap();
        }
    }

    async fn size(&self) -> f64 {
        let size = "SELECT sum(pg_total_relation_size(oid))::float8 FROM pg_class
            WHERE relnamespace = 'trackingmore'::regnamespace AND relkind = 'r'";
        sqlx::query_scalar(size)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}
