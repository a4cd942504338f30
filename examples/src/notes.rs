//! The plugin `notes` of docs/plugin-guide.md: it keeps what it is told in its database.

// region: use
use axum::{Router, extract::State, routing::get};
use greenroom::{
    database::{Client, Migration, Migrations},
    prelude::*,
};
use greenroom_database_sql::{Pool, row, sqlx};
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

row! {
    #[derive(Serialize)]
    struct Note { id: i64, body: String }
}

impl Notes {
    fn of(client: Client) -> Result<Self> {
        Ok(Self { pool: Pool::of(&client)?, client })
    }

    /// Those that came last before this one.
    async fn latest(&self, before: i64) -> Result<Vec<Note>> {
        let sql = self.pool.sql("select id, body from notes where id < ").bind(before);
        Ok(self.client.run(self.pool.rows(sql.then(" order by id desc limit 50"))).await?)
    }

    async fn add(&self, body: String) -> Result<Note> {
        let added = async {
            let mut transaction = self.pool.begin().await?;
            let sql =
                transaction.sql("insert into notes (body) values (").bind(body).then(") returning id, body");
            let note = transaction.rows(sql).await?.pop();
            transaction.commit().await?;
            note.ok_or(sqlx::Error::RowNotFound)
        };
        Ok(self.client.run(added).await?)
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
