//! The plugin `notes` of docs/plugin-guide.md: it keeps what it is told in its database.

// region: use
use axum::{Router, extract::State, routing::get};
use greenroom::{
    database::{Client, Engine, Migration, Migrations},
    prelude::*,
};
use greenroom_database_postgres::PgPool;
use greenroom_database_sqlite::{SqlitePool, sqlx};
use serde::Deserialize;
// endregion

// region: plugin
const MIGRATIONS: Migrations =
    Migrations::new(&[Migration::new("0001-notes", "create table notes (body text not null primary key)")]);

/// Keeps notes at `/api/notes`.
pub fn notes() -> Plugin {
    plugin("notes", |env| {
        env.register_init(async |database: Database, http: HttpRouter| {
            let client = database.client().await?;
            client.migrate(&MIGRATIONS).await?;
            http.mount(Router::new().route("/", get(all).post(add)).with_state(Notes::of(client)?));
            Ok(())
        });
    })
}
// endregion

// region: store
#[derive(Clone)]
struct Notes {
    client: Client,
    pool: Pool,
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Notes {
    fn of(client: Client) -> Result<Self> {
        let pool = match client.engine() {
            Engine::Sqlite => Pool::Sqlite(client.pool()?),
            Engine::Postgres => Pool::Postgres(client.pool()?),
        };
        Ok(Self { client, pool })
    }

    async fn all(&self) -> Result<Vec<String>> {
        const ALL: &str = "select body from notes order by body";
        let found = match &self.pool {
            Pool::Sqlite(pool) => sqlx::query_scalar(ALL).fetch_all(pool).await,
            Pool::Postgres(pool) => sqlx::query_scalar(ALL).fetch_all(pool).await,
        };
        self.told(found).await
    }

    async fn add(&self, body: &str) -> Result<bool> {
        const ADD: &str = "insert into notes (body) values ($1) on conflict do nothing";
        let done = match &self.pool {
            Pool::Sqlite(pool) => {
                sqlx::query(ADD).bind(body).execute(pool).await.map(|done| done.rows_affected())
            }
            Pool::Postgres(pool) => {
                sqlx::query(ADD).bind(body).execute(pool).await.map(|done| done.rows_affected())
            }
        };
        Ok(self.told(done).await? > 0)
    }

    /// A 503 where the database is away, and the reason in the log.
    async fn told<T>(&self, result: sqlx::Result<T>) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.client.explain(error).await.into()),
        }
    }
}

async fn all(State(notes): State<Notes>) -> HandlerResult<Json<Vec<String>>> {
    Ok(Json(notes.all().await?))
}

#[derive(Deserialize)]
struct Note {
    body: String,
}

async fn add(State(notes): State<Notes>, Json(note): Json<Note>) -> HandlerResult<()> {
    if !notes.add(&note.body).await? {
        Err(Error::conflict("This note is there already"))?
    }
    Ok(())
}
// endregion
