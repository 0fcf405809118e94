//! Writes `schemas/` and `asyncapi.yaml` from the catalogue: `make generate`.

use anyhow::Context as _;
use frontdesk_events::{asyncapi, catalogue};
use std::{collections::BTreeSet, fs, path::Path};

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("schemas");
    fs::create_dir_all(&folder).context("making the folder of schemas")?;
    let mut written = BTreeSet::new();
    for event in catalogue::all() {
        let name = format!("{}.json", event.kind);
        fs::write(folder.join(&name), event.schema_file())
            .with_context(|| format!("writing {name}"))?;
        written.insert(name);
    }
    for entry in fs::read_dir(&folder).context("listing schemas")? {
        let entry = entry?;
        if !written.contains(entry.file_name().to_string_lossy().as_ref()) {
            fs::remove_file(entry.path()).context("removing the schema of a type that is gone")?;
        }
    }
    fs::write(root.join("asyncapi.yaml"), asyncapi::yaml()).context("writing asyncapi.yaml")
}
