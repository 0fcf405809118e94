//! Whether the committed descriptions of the checked queries are those of today's schema.

use serde_json::Value;
use std::{fs, path::Path};

/// The server's name of a type, as sqlx writes it.
fn described(kind: &tokio_postgres::types::Type) -> String {
    match kind.name().strip_prefix('_') {
        Some(element) => format!("{element}array"),
        None => kind.name().to_owned(),
    }
}

fn names(list: &Value) -> Vec<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_lowercase())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn committed_queries_fit_the_schema() {
    let database = frontdesk_harness::database().await;
    let client = database.client().await;
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/.sqlx");
    let mut checked = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let committed: Value =
            serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let sql = committed["query"].as_str().unwrap();
        let why = "run crates/api/queries.sh write";
        let statement = client
            .prepare(sql)
            .await
            .unwrap_or_else(|error| panic!("{error}: {why}\n{sql}"));
        let columns = committed["describe"]["columns"].as_array().unwrap();
        let kinds: Vec<_> = columns
            .iter()
            .map(|column| column["type_info"].clone())
            .collect();
        let found: Vec<_> = statement
            .columns()
            .iter()
            .map(|column| described(column.type_()))
            .collect();
        assert_eq!(names(&Value::from(kinds)), found, "columns: {why}\n{sql}");
        let titles: Vec<_> = columns
            .iter()
            .map(|column| column["name"].as_str().unwrap())
            .collect();
        let found: Vec<_> = statement
            .columns()
            .iter()
            .map(tokio_postgres::Column::name)
            .collect();
        assert_eq!(titles, found, "names: {why}\n{sql}");
        let parameters = names(&committed["describe"]["parameters"]["Left"]);
        let found: Vec<_> = statement.params().iter().map(described).collect();
        assert_eq!(parameters, found, "parameters: {why}\n{sql}");
        checked += 1;
    }
    assert!(checked > 10, "only {checked} queries");
}
