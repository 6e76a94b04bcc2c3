//! The committed document is what is served: a change of the API shows up in review as a change of that file.

use std::path::Path;

#[test]
fn the_committed_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let document = groundswell_serve::openapi();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document,
        "openapi.json is not what the server serves; run\n    UPDATE_OPENAPI=1 cargo test -p groundswell-serve --test openapi\n\
         and commit the file"
    );
}
