//! The plugin `notes` of docs/plugin-guide.md: it keeps what it is told in its database.

// region: use
use axum::{Router, extract::State, routing::get};
use greenroom::{
    database::{Client, Engine, Migration, Migrations},
    prelude::*,
};
use greenroom_database_postgres::PgPool;
use greenroom_database_sqlite::{Readers, SqlitePool, sqlx};
use serde::{Deserialize, Serialize};
// endregion

// region: plugin
const MIGRATIONS: Migrations = Migrations::new(&[Migration::by_engine(
    "0001-notes",
    "create table notes (id integer primary key, body text not null)",
    "create table notes (id bigint generated always as identity primary key, body text not null)",
)]);

/// Keeps notes at `/api/notes`.
pub fn notes() -> Plugin {
    plugin("notes", |env| {
        env.register_init(async |database: Database, http: HttpRouter| {
            let client = database.client().await?;
            client.migrate(&MIGRATIONS).await?;
            http.mount(Router::new().route("/", get(latest).post(add)).with_state(Notes::of(client)?));
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
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
}

#[derive(Serialize)]
struct Note {
    id: i64,
    body: String,
}

impl Notes {
    fn of(client: Client) -> Result<Self> {
        let pool = match client.engine() {
            Engine::Sqlite => {
                let Readers(readers) = client.pool()?;
                Pool::Sqlite { writer: client.pool()?, readers }
            }
            Engine::Postgres => Pool::Postgres(client.pool()?),
        };
        Ok(Self { client, pool })
    }

    /// Those that came last before this one.
    async fn latest(&self, before: i64) -> Result<Vec<Note>> {
        const LATEST: &str = "select id, body from notes where id < $1 order by id desc limit 50";
        let rows: Vec<(i64, String)> = match &self.pool {
            Pool::Sqlite { readers, .. } => {
                self.client.run(sqlx::query_as(LATEST).bind(before).fetch_all(readers)).await?
            }
            Pool::Postgres(pool) => {
                self.client.run(sqlx::query_as(LATEST).bind(before).fetch_all(pool)).await?
            }
        };
        Ok(rows.into_iter().map(|(id, body)| Note { id, body }).collect())
    }

    async fn add(&self, body: String) -> Result<Note> {
        const ADD: &str = "insert into notes (body) values ($1) returning id";
        let id = match &self.pool {
            Pool::Sqlite { writer, .. } => {
                self.client.run(sqlx::query_scalar(ADD).bind(&body).fetch_one(writer)).await?
            }
            Pool::Postgres(pool) => {
                self.client.run(sqlx::query_scalar(ADD).bind(&body).fetch_one(pool)).await?
            }
        };
        Ok(Note { id, body })
    }
}

#[derive(Deserialize)]
struct Page {
    before: Option<i64>,
}

async fn latest(State(notes): State<Notes>, Query(page): Query<Page>) -> HandlerResult<Json<Vec<Note>>> {
    Ok(Json(notes.latest(page.before.unwrap_or(i64::MAX)).await?))
}

#[derive(Deserialize)]
struct NewNote {
    body: String,
}

async fn add(State(notes): State<Notes>, Json(note): Json<NewNote>) -> HandlerResult<Json<Note>> {
    if note.body.trim().is_empty() {
        Err(Error::input("A note has a body"))?
    }
    Ok(Json(notes.add(note.body).await?))
}
// endregion
